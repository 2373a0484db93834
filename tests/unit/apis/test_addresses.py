"""Who may be contacted: what is checked is the address a name leads to, however the name is spelled."""

from collections.abc import Sequence

import httpx
import pytest

from repomill.apis.addresses import HostRules, LookUp, checked_addresses, look_up, refusal
from repomill.apis.guarded import GuardedTransport
from repomill.errors import AddressRefused

PUBLIC = HostRules(others=True)

HOSTILE = [
    # loopback, in every spelling that the system's resolver knows
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://017700000001/",
    "http://127.0.0.1:80/",
    "http://127.255.255.254/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://user:pass@127.0.0.1/",
    "http://public.test@127.0.0.1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:0:0:0:0:80ff:fffe]/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    # nowhere, everybody
    "http://0/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://255.255.255.255/",
    "http://224.0.0.1/",
    "http://[ff02::1]/",
    # inner networks
    "http://10.0.0.1/",
    "http://10.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://3232235521/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[2002:0a00:1::]/",
    # metadata services
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
]


def leads_to(*answers: Sequence[str]) -> LookUp:
    """Return a resolver that gives these answers in turn, the last one for ever."""
    waiting = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


async def sent(url: str, rules: HostRules, resolve: LookUp = look_up) -> httpx.Response:
    async with httpx.AsyncClient(transport=GuardedTransport(rules, resolve=resolve), trust_env=False) as client:
        return await client.get(url, timeout=5)


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_spelling_leads_to_an_inner_address(url: str) -> None:
    with pytest.raises((AddressRefused, httpx.InvalidURL, httpx.ConnectError)) as refused:
        await sent(url, PUBLIC)
    # A name that the resolver does not know may end it too; a connection that was tried may not.
    assert not isinstance(refused.value, httpx.ConnectError) or "not known" in str(refused.value)


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
