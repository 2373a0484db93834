"""Models that take the place of one that cannot answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.functions import Function
from repomill.agents.request import ModelChoice
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallState, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.recordings import Recordings
from repomill.errors import CallRefused, CallUnavailable, CallUncertain, SourceMissing
from repomill.sources import SourceKind
from tests.fakes.agent_runs import MODEL, ROOT, UNREACHABLE, ask, patience
from tests.servers.model_server import Asked, ModelServer, Reply, model_server

OTHER = (ModelChoice("other"),)


@asynccontextmanager
async def two(
    main: Callable[[Asked], Any],
    other: Callable[[Asked], Any] = lambda _: "from the other",
    ledger: MemoryCallLedger | None = None,
    **calls: Any,
) -> AsyncIterator[tuple[AgentRunner, ModelServer, ModelServer]]:
    """Serve two providers that speak different protocols."""
    with model_server(main) as first, model_server(other) as second:
        key, url = SecretStr("k"), second.base_url.removesuffix("/v1")
        sources = {
            "main": ModelSource(name="main", base_url=first.base_url, api_key=key, model=MODEL),
            "other": ModelSource(
                name="other", base_url=url, api_key=key, model="claude-opus-4-7", kind=SourceKind.ANTHROPIC
            ),
        }
        ledgered = LedgeredCalls(
            ledger or MemoryCallLedger(ROOT), **{"mode": LedgerMode.LIVE, "retry": patience(), **calls}
        )
        async with AgentRunner(sources, ledgered) as agents:
            yield agents, first, second


@pytest.mark.parametrize("status", [400, 401, 404, 503])
async def test_a_model_that_refuses_or_is_away_is_replaced_by_the_next(status: int) -> None:
    ledger = MemoryCallLedger(ROOT)
    async with two(lambda _: Reply(status=status), ledger=ledger) as (agents, _, other):
        answer = await agents.run(ask(fallback=OTHER))
    assert answer.output == {"text": "from the other"}
    assert [asked.path for asked in other.requests] == ["/v1/messages"]
    assert sorted(row.state for row in ledger.rows.values()) == [CallState.RELEASED, CallState.SETTLED]


async def test_the_next_is_not_asked_while_the_first_answers() -> None:
    async with two(lambda _: "from the first") as (agents, _, other):
        assert (await agents.run(ask(fallback=OTHER))).output == {"text": "from the first"}
    assert other.requests == []


async def test_an_answer_that_was_lost_is_not_asked_of_another() -> None:
    async with two(lambda _: Reply(drop="after")) as (agents, _, other):
        with pytest.raises(CallUncertain):
            await agents.run(ask(fallback=OTHER))
    assert other.requests == []


async def test_when_none_answers_the_last_one_says_why() -> None:
    async with two(lambda _: Reply(status=503), lambda _: Reply("no such model", status=404)) as (agents, _, _other):
        with pytest.raises(CallRefused, match="Source other answered 404: no such model"):
            await agents.run(ask(fallback=OTHER))
    async with two(lambda _: Reply(status=404), lambda _: Reply(status=503)) as (agents, _, _other):
        with pytest.raises(CallUnavailable, match="other"):
            await agents.run(ask(fallback=OTHER))


async def test_who_was_passed_over_is_not_asked_again_in_this_run() -> None:
    async def look(arguments: Any, calls: Any) -> Any:
        return "here"

    def other(asked: Asked) -> Reply:
        return Reply("Found.") if asked.number == 2 else Reply(calls=[("look", {})])

    function = Function("look", "Looks.", {"type": "object", "properties": {}}, look)
    async with two(lambda _: Reply(status=404), other) as (agents, first, second):
        answer = await agents.run(ask(fallback=OTHER, functions=(function,), max_calls=5))
    assert (answer.output, len(first.requests), len(second.requests)) == ({"text": "Found."}, 1, 2)


async def test_a_resumed_run_takes_the_answer_that_was_paid_for() -> None:
    ledger = MemoryCallLedger(ROOT)
    async with two(lambda _: Reply(status=503), ledger=ledger) as (agents, _, _other):
        await agents.run(ask(fallback=OTHER))
    async with two(lambda _: "back again", ledger=ledger) as (agents, first, other):
        assert (await agents.run(ask(fallback=OTHER))).output == {"text": "from the other"}
    assert first.requests == other.requests == []


async def test_a_recording_of_the_next_replays_without_the_first(tmp_path: Any) -> None:
    recordings = Recordings(tmp_path)
    async with two(lambda _: Reply(status=404), recordings=recordings) as (agents, _, _other):
        await agents.run(ask(fallback=OTHER))
    async with two(lambda _: "never", mode=LedgerMode.STRICT, recordings=recordings) as (agents, first, _other):
        assert (await agents.run(ask(fallback=OTHER))).output == {"text": "from the other"}
    assert first.requests == []


async def test_a_fallback_without_block_is_named() -> None:
    source = ModelSource(name="main", base_url=UNREACHABLE, model=MODEL)
    calls = LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.LIVE, retry=patience())
    async with AgentRunner({"main": source}, calls) as agents:
        with pytest.raises(SourceMissing, match="other"):
            await agents.run(ask(fallback=OTHER))
