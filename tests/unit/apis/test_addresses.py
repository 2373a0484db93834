"""Who may be contacted: what is checked is the address a name leads to, however the name is spelled."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from repomill.apis.addresses import HostRules, LookUp, checked_addresses, look_up, refusal
from repomill.apis.guarded import GuardedTransport
from repomill.errors import AddressRefused
from repomill.tools.http_requests import HttpSettings
from tests.fakes.hostile_urls import HOSTILE, hosts_for, leads_to, leads_where

PUBLIC = HttpSettings(hosts=("public.test", "rebind.test")).rules()
"""What the `http` tool of an agent goes by."""


async def sent(url: str, rules: HostRules, resolve: LookUp = look_up) -> httpx.Response:
    async with httpx.AsyncClient(transport=GuardedTransport(rules, resolve=resolve), trust_env=False) as client:
        return await client.get(url, timeout=5)


async def refused(url: str, rules: HostRules, resolve: LookUp = look_up) -> None:
    with pytest.raises((AddressRefused, httpx.InvalidURL, httpx.ConnectError)) as caught:
        await sent(url, rules, resolve)
    # A name that the resolver does not know may end it too; a connection that was tried may not.
    assert not isinstance(caught.value, httpx.ConnectError) or "not known" in str(caught.value)


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_spelling_leads_to_an_inner_address(url: str) -> None:
    await refused(url, HttpSettings(hosts=hosts_for(url)).rules())


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_name_leads_to_an_inner_address(url: str) -> None:
    await refused("http://public.test/", PUBLIC, leads_where(url))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://public.test/", "gopher://public.test/", "//public.test/"])
async def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await sent(url, PUBLIC)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
async def test_public_addresses_may_be_contacted(address: str) -> None:
    assert refusal(address) == ""
    assert await checked_addresses("public.test", 443, PUBLIC, leads_to([address])) == [address]


async def test_one_inner_address_among_public_ones_is_enough() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.7 is a private address"):
        await checked_addresses("public.test", 80, PUBLIC, leads_to(["8.8.8.8", "10.0.0.7"]))


async def test_hosts_that_were_not_named_are_refused_before_they_are_looked_up() -> None:
    with pytest.raises(AddressRefused, match="not named"):
        await checked_addresses("public.test", 80, HostRules().allowing("other.test"), leads_to([]))


@pytest.mark.parametrize("host", ["Inner.Test", "inner.test.", "inner.test"])
async def test_named_hosts_may_be_anywhere(host: str) -> None:
    rules = HostRules().allowing("INNER.test.")
    assert await checked_addresses(host, 80, rules, leads_to(["10.0.0.7"])) == ["10.0.0.7"]


async def test_a_named_host_is_not_its_neighbour() -> None:
    rules = HostRules().allowing("inner.test")
    for host in ("a.inner.test", "inner.test.evil.test", "innertest"):
        with pytest.raises(AddressRefused):
            await checked_addresses(host, 80, rules, leads_to(["10.0.0.7"]))


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "fe80::1", "::ffff:169.254.169.254", "2002:a9fe:a9fe::"],
)
async def test_rules_may_keep_named_hosts_from_metadata_services_too(address: str) -> None:
    rules = HostRules(never_metadata=True).allowing("cloud.test")
    with pytest.raises(AddressRefused):
        await checked_addresses("cloud.test", 80, rules, leads_to([address]))
    assert await checked_addresses("cloud.test", 80, rules, leads_to(["127.0.0.1"])) == ["127.0.0.1"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.5", "::ffff:127.0.0.1", "fd12:3456::1"])
async def test_an_address_that_is_named_stands_for_itself_alone(address: str) -> None:
    rules = HttpSettings(hosts=(address, "public.test")).rules()
    assert await checked_addresses(address, 80, rules) == [address]
    for host, found in (("public.test", address), (address, "10.0.0.6")):
        with pytest.raises(AddressRefused):
            await checked_addresses(host, 80, rules, leads_to([found]))


async def test_localhost_stands_for_loopback_and_nothing_else() -> None:
    rules = HttpSettings(hosts=("LocalHost.",)).rules()
    assert await checked_addresses("localhost", 80, rules, leads_to(["::1", "127.0.0.1"])) == ["::1", "127.0.0.1"]
    with pytest.raises(AddressRefused, match="private"):
        await checked_addresses("localhost", 80, rules, leads_to(["127.0.0.1", "10.0.0.5"]))


async def test_an_inner_host_may_be_anywhere_but_at_a_metadata_service() -> None:
    rules = HttpSettings(inner_hosts=("wiki.corp",)).rules()
    assert await checked_addresses("wiki.corp", 80, rules, leads_to(["10.0.0.5"])) == ["10.0.0.5"]
    with pytest.raises(AddressRefused, match="link-local"):
        await checked_addresses("wiki.corp", 80, rules, leads_to(["169.254.169.254"]))


@pytest.mark.parametrize("settings", [{}, {"hosts": ["a.test:80"]}, {"hosts": ["*.a.test"]}, {"inner_hosts": ["a/b"]}])
def test_a_list_of_hosts_holds_hosts(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="host"):
        HttpSettings.model_validate(settings)


async def test_a_name_without_address_is_not_reached() -> None:
    with pytest.raises(httpx.ConnectError, match="no address"):
        await sent("http://public.test/", PUBLIC, leads_to([]))


async def test_a_name_that_leads_elsewhere_at_the_second_look_is_checked_at_the_second_look() -> None:
    resolve = leads_to(["8.8.8.8"], ["127.0.0.1"])
    assert await checked_addresses("rebind.test", 80, PUBLIC, resolve) == ["8.8.8.8"]
    with pytest.raises(AddressRefused, match="loopback"):
        await checked_addresses("rebind.test", 80, PUBLIC, resolve)


def test_what_is_no_address_is_refused() -> None:
    assert refusal("public.test") == "no address"
