"""Endpoints that refuse, ask for patience, break off or talk nonsense."""

import asyncio
import json

import pytest

from repomill.calls.ledger import CallState
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import CallRefused, CallUnavailable, CallUncertain
from tests.fakes.agent_runs import ROOT, UNREACHABLE, Waits, ask, runner_for
from tests.servers.model_server import Asked, Reply, model_server
from tests.servers.waiting import wait_until


def first(*replies: Reply) -> list[Reply]:
    return [*replies, Reply("fine")]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
async def test_an_endpoint_that_asks_for_patience_is_asked_again(status: int) -> None:
    replies, ledger = first(Reply(status=status), Reply(status=status)), MemoryCallLedger(ROOT)
    with model_server(lambda asked: replies[asked.number - 1]) as server:
        async with runner_for(server.base_url, ledger) as agents:
            assert (await agents.run(ask())).output == {"text": "fine"}
    assert len(server.requests) == 3
    assert [row.sends for row in ledger.rows.values()] == [1]


@pytest.mark.parametrize(("header", "value"), [("Retry-After", "3"), ("Retry-After-Ms", "3000")])
async def test_retry_after_is_honoured(header: str, value: str) -> None:
    replies, waits = first(Reply(status=429, headers={header: value})), Waits()
    with model_server(lambda asked: replies[asked.number - 1]) as server:
        async with runner_for(server.base_url, waits=waits) as agents:
            await agents.run(ask())
    assert waits == [3.0]


async def test_patience_ends_after_a_few_attempts() -> None:
    with model_server(lambda asked: Reply("overloaded", status=503)) as server:
        async with runner_for(server.base_url) as agents:
            with pytest.raises(CallUnavailable, match="503: overloaded"):
                await agents.run(ask())
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_refusal_is_final_and_says_why(status: int) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(lambda asked: Reply("no such thing", status=status)) as server:
        async with runner_for(server.base_url, ledger) as agents:
            with pytest.raises(CallRefused, match=f"Source main answered {status}: no such thing"):
                await agents.run(ask())
    assert len(server.requests) == 1
    assert [row.state for row in ledger.rows.values()] == [CallState.RELEASED]


async def test_an_exhausted_quota_is_a_refusal_though_its_status_is_429() -> None:
    body = {"message": "You exceeded your current quota", "code": "insufficient_quota"}
    with model_server(lambda asked: Reply(body, status=429)) as server:
        async with runner_for(server.base_url) as agents:
            with pytest.raises(CallRefused, match="exceeded your current quota"):
                await agents.run(ask())
    assert len(server.requests) == 1


async def test_a_key_that_the_endpoint_quotes_is_not_passed_on() -> None:
    with model_server(lambda asked: Reply("Incorrect API key: sk-secret", status=401)) as server:
        async with runner_for(server.base_url, api_key="sk-secret") as agents:
            with pytest.raises(CallRefused) as caught:
                await agents.run(ask())
    assert caught.value.reason == "Incorrect API key: ***"


async def test_an_endpoint_that_is_not_there_is_unavailable_and_nothing_is_in_doubt() -> None:
    waits, ledger = Waits(), MemoryCallLedger(ROOT)
    async with runner_for(UNREACHABLE, ledger, waits=waits) as agents:
        with pytest.raises(CallUnavailable, match=f"{UNREACHABLE} cannot be reached"):
            await agents.run(ask())
    assert len(waits) == 4
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.RELEASED, 0)]


LATE = 5
"""Seconds, and the reply never comes; all other losses are seen at once, and bounds that are short would be others."""
LOSSES = {
    "connection dropped": Reply(drop="after"),
    "no answer in time": Reply(hang=True),
    "no JSON": Reply(raw="<html>busy</html>"),
    "half a JSON": Reply(raw='{"id": "x", "choi'),
    "no choices": Reply(raw=json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": []})),
    "an error as 200": Reply(raw=json.dumps({"error": {"message": "upstream failed"}})),
    "a list": Reply(raw="[]"),
    "plain text": Reply(raw="ok", headers={"Content-Type": "text/plain"}),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
async def test_a_lost_answer_is_asked_for_once_more(loss: Reply) -> None:
    replies, ledger = first(loss), MemoryCallLedger(ROOT)
    with model_server(lambda asked: replies[asked.number - 1]) as server:
        async with runner_for(server.base_url, ledger, timeout=LATE if loss.hang else 30) as agents:
            assert (await agents.run(ask())).output == {"text": "fine"}
    assert [row.sends for row in ledger.rows.values()] == [2]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
async def test_an_answer_lost_twice_is_never_asked_for_again(loss: Reply) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(lambda asked: loss) as server:
        for _ in range(2):
            async with runner_for(server.base_url, ledger, timeout=1 if loss.hang else 30) as agents:
                with pytest.raises(CallUncertain):
                    await agents.run(ask())
        wait_until(lambda: len(server.requests) == 2)
    assert [row.state for row in ledger.rows.values()] == [CallState.UNCERTAIN]


async def test_a_cancelled_run_is_asked_once_more_by_the_next() -> None:
    ledger, asked_once = MemoryCallLedger(ROOT), asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(asked: Asked) -> Reply:
        loop.call_soon_threadsafe(asked_once.set)
        return Reply(hang=True) if asked.number == 1 else Reply("fine")

    with model_server(answer) as server:
        async with runner_for(server.base_url, ledger) as agents:
            task = asyncio.ensure_future(agents.run(ask()))
            await asked_once.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [row.state for row in ledger.rows.values()] == [CallState.SENT]
            assert (await agents.run(ask())).output == {"text": "fine"}
    assert len(server.requests) == 2
