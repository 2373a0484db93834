"""Where the `http` tool of an agent goes: to named hosts, at the addresses that were checked, on redirects too."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from repomill.apis.addresses import LookUp, look_up
from repomill.apis.source import host_of
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.errors import AddressRefused, ApiStatusUnexpected, CallUnavailable, ToolRefused
from repomill.tools.base import ToolContext
from repomill.tools.http_requests import HttpRequests, HttpSettings
from tests.fakes.agent_runs import ROOT, patience
from tests.fakes.hostile_urls import HOSTILE, hosts_for, leads_to, leads_where
from tests.servers.pet_api import PetApi, pet_api


@pytest.fixture(scope="module")
def running_pets() -> Iterator[PetApi]:
    with pet_api() as api:
        yield api


@pytest.fixture
def pets(running_pets: PetApi) -> PetApi:
    running_pets.reset()
    return running_pets


async def asked(*urls: str, resolve: LookUp = look_up, **settings: Any) -> list[Any]:
    """Return what one agent run is answered, call by call."""
    calls = NodeCalls(LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.LIVE, retry=patience()), "agent")
    async with AsyncExitStack() as stack:
        context = ToolContext("agent", {}, calls)
        opened = await HttpRequests(resolve).open(HttpSettings.model_validate(settings), context, stack)
        [function] = opened.functions
        return [await function.run({"url": url}, calls) for url in urls]


def known_as(pets: PetApi, host: str) -> str:
    return pets.url.replace("127.0.0.1", host)


@pytest.mark.parametrize("url", HOSTILE)
async def test_no_spelling_is_asked(url: str) -> None:
    with pytest.raises((AddressRefused, CallUnavailable, ToolRefused)) as refused:
        await asked(url, hosts=hosts_for(url))
    # A spelling that nobody understands may end it too; a connection that was tried may not.
    told = str(refused.value)
    assert not isinstance(refused.value, CallUnavailable) or "not known" in told or ": Invalid" in told


@pytest.mark.parametrize("url", [url for url in HOSTILE if host_of(url) != "127.0.0.1"])
async def test_no_redirect_leads_to_an_inner_address(pets: PetApi, url: str) -> None:
    start = str(httpx.URL(f"{pets.url}/moved", params={"to": url}))
    with pytest.raises((AddressRefused, ApiStatusUnexpected, CallUnavailable)):
        await asked(start, hosts=("127.0.0.1", *hosts_for(url)))
    assert {seen.path for seen in pets.seen} == {"/moved"}


async def test_a_public_name_that_leads_here_is_not_asked_nor_followed(pets: PetApi) -> None:
    there = known_as(pets, "api.example.org")
    for start in (f"{there}/pets/1", str(httpx.URL(f"{pets.url}/moved", params={"to": f"{there}/pets/1"}))):
        with pytest.raises(AddressRefused, match="loopback"):
            await asked(start, hosts=("127.0.0.1", "api.example.org"), resolve=leads_where("http://127.0.0.1/"))
    assert [seen.path for seen in pets.seen] == ["/moved"]


async def test_one_inner_address_among_public_ones_is_enough(pets: PetApi) -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.5 is a private address"):
        await asked("http://api.example.org/", hosts=["api.example.org"], resolve=leads_to(["8.8.8.8", "10.0.0.5"]))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_asked_where_it_is_named(pets: PetApi, host: str) -> None:
    [answer] = await asked(f"{known_as(pets, host)}/pets/1", hosts=[host])
    assert answer["status"] == 200


async def test_an_inner_host_is_asked_at_the_address_that_was_checked(pets: PetApi) -> None:
    url = f"{known_as(pets, 'wiki.corp')}/pets/1"
    resolve = leads_to(["127.0.0.1"], ["169.254.169.254"])
    with pytest.raises(AddressRefused, match="link-local"):
        await asked(url, url, inner_hosts=["wiki.corp"], resolve=resolve)
    assert [seen.headers["host"] for seen in pets.seen] == [httpx.URL(url).netloc.decode()]
