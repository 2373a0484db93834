"""A call of a function that failed is answered from what was kept, in a replay and in a resumed run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from repomill.agents.functions import Function
from repomill.apis.client import CallOptions, HttpApi
from repomill.apis.requests import ApiRequest
from repomill.calls.ledger import CallKey, CallRow, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.port import Calls
from repomill.canonical import Json
from tests.fakes.agent_runs import ROOT, ask, runner_for
from tests.fakes.agent_tools import OneApi, Said, run_llm, script
from tests.fakes.api_calls import USER, described, source_at
from tests.servers.model_server import ModelServer, model_server
from tests.servers.pet_api import Fault, PetApi, pet_api

HTTP = [{"http": {"hosts": ["127.0.0.1"], "methods": ["GET", "POST"]}}]
DOCUMENT = "/openapi.json"
ELSEWHERE = {"Location": "http://elsewhere.test/"}


@pytest.fixture
def pets(running_pets: PetApi) -> PetApi:
    running_pets.reset()
    return running_pets


@pytest.fixture(scope="module")
def running_pets() -> Any:
    with pet_api() as api:
        yield api


async def redirected(pets: PetApi, ledger: MemoryCallLedger, mode: LedgerMode, folder: Path | None = None) -> Said:
    pets.faults = [Fault(302, headers=ELSEWHERE)]
    calls = [("http_request", {"url": f"{pets.url}/pets/1"})]
    return await run_llm(script(calls, "Done."), HTTP, ledger, mode, folder=folder)


async def forbidden(pets: PetApi, ledger: MemoryCallLedger, mode: LedgerMode, folder: Path | None = None) -> Said:
    pets.check = lambda request: 0 if request.url.path == DOCUMENT else 403
    api = HttpApi(source_at(pets.url), await described(pets.url), USER, str(ROOT))
    answer, tools = script([("getPet", {"path": {"pet_id": 1}})], "Done."), [{"operations": {"source": "shop"}}]
    try:
        return await run_llm(answer, tools, ledger, mode, folder=folder, ports={"http": OneApi(api)})
    finally:
        await api.aclose()


@pytest.mark.parametrize(("run", "told"), [(redirected, "not followed"), (forbidden, "forbids this")])
async def test_a_refusal_is_told_again_in_a_strict_replay(pets: PetApi, tmp_path: Path, run: Any, told: str) -> None:
    first = await run(pets, MemoryCallLedger(ROOT), LedgerMode.LIVE, tmp_path)
    assert told in first.told[0]
    asked = len(requests_of(pets))
    again = await run(pets, MemoryCallLedger(ROOT), LedgerMode.STRICT, tmp_path)
    assert (again.result, again.requests, len(requests_of(pets))) == (first.result, [], asked)


@pytest.mark.parametrize("run", [redirected, forbidden])
async def test_a_resumed_agent_does_not_ask_who_refused(pets: PetApi, run: Any) -> None:
    ledger = MemoryCallLedger(ROOT)
    first = await run(pets, ledger, LedgerMode.LIVE)
    asked = len(requests_of(pets))
    again = await run(pets, ledger, LedgerMode.LIVE)
    assert (again.result, again.requests, len(requests_of(pets))) == (first.result, [], asked)


def requests_of(pets: PetApi) -> list[str]:
    """Return what was asked for, but for the API's own document."""
    return [seen.path for seen in pets.seen if seen.path != DOCUMENT]


@pytest.mark.parametrize("mode", [LedgerMode.LIVE, LedgerMode.STRICT])
async def test_a_call_that_was_stopped_leaves_nothing_uncertain(pets: PetApi, tmp_path: Path, mode: LedgerMode) -> None:
    pets.faults = [Fault(stalls=True)]
    ledger = MemoryCallLedger(ROOT)
    with model_server(script([("order", {})], "Done.")) as server:
        first = await orders(pets, server, ledger, LedgerMode.LIVE, tmp_path)
        known = ledger if mode is LedgerMode.LIVE else MemoryCallLedger(ROOT)
        again = await orders(pets, server, known, mode, tmp_path)
    assert "was stopped" in str(server.requests[-1].body["messages"])
    assert (first, len(server.requests), len(pets.seen)) == (again, 2, 1)


async def orders(pets: PetApi, server: ModelServer, ledger: MemoryCallLedger, mode: LedgerMode, folder: Path) -> Json:
    """Run an agent whose one function posts without a key, and has no time for the answer."""
    api = HttpApi(source_at(pets.url), None, USER, str(ROOT))

    async def order(_: Mapping[str, Any], calls: Calls) -> Json:
        request = ApiRequest("order", "POST", f"{pets.url}/pets", content=b'{"name": "Bella"}')
        return (await api.call(calls, "plan", request, CallOptions(idempotency_key=False))).status

    function = Function("order", "Orders.", {"type": "object"}, order, timeout=0.3)
    try:
        async with runner_for(server.base_url, ledger, mode, folder) as agents:
            return (await agents.run(ask(functions=(function,), max_calls=5))).output
    finally:
        await api.aclose()


class Killed(Exception):
    """Stands for SIGKILL: nothing after it runs."""


class DyingLedger(MemoryCallLedger):
    """Ends the process, so to speak, once: when a pet was made and before that is written down."""

    has_died = False

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        if not self.has_died and isinstance(response, dict) and response.get("status") == 201:
            self.has_died = True
            raise Killed
        return await super().record_answer(key, response, usage, latency_ms)


async def test_calls_after_one_that_failed_keep_their_idempotency_keys(pets: PetApi) -> None:
    ledger = DyingLedger(ROOT)
    json = {"headers": {"Content-Type": "application/json"}, "body": '{"name": "Bella"}'}
    post = ("http_request", {"url": f"{pets.url}/pets", "method": "POST", **json})
    pets.faults = [Fault(302, headers=ELSEWHERE)]
    with pytest.raises(Killed):
        await run_llm(script([post], [post], "Done."), HTTP, ledger)
    await run_llm(script([post], [post], "Done."), HTTP, ledger)
    failed, lost, again = [seen.headers["idempotency-key"] for seen in pets.seen]
    assert lost == again != failed
