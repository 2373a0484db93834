"""Streamed answers: heard while they come, and kept whole; the record is that of an answer that came at once."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.heard import ChunkKind
from repomill.calls.ledger import CallState, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import AnswerCut, AnswerRefused, CallUncertain
from tests.fakes.agent_runs import MODEL, ROOT, ask, patience
from tests.fakes.listening import Listening
from tests.fakes.provider_runs import served
from tests.servers.model_server import Answer, Reply, model_server

PLAN = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


async def run(
    answer: Answer, listening: Listening | None, ledger: MemoryCallLedger | None = None, **settings: Any
) -> tuple[Any, MemoryCallLedger]:
    ledger = ledger or MemoryCallLedger(ROOT)
    with model_server(answer) as server:
        source = ModelSource(name="main", base_url=server.base_url, api_key=SecretStr("k"), model=MODEL)
        calls = LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience())
        async with AgentRunner({"main": source}, calls, listening) as agents:
            return (await agents.run(ask(**settings))).output, ledger


def responses(ledger: MemoryCallLedger) -> list[Any]:
    return [row.response for row in ledger.rows.values()]


async def test_text_is_heard_in_pieces_and_kept_whole() -> None:
    listening = Listening()
    output, ledger = await run(lambda _: "Once upon a time there was tea.", listening)
    assert output == {"text": "Once upon a time there was tea."} == {"text": listening.text(ChunkKind.TEXT)}
    assert len(listening.told) > 3
    assert [row.state for row in ledger.rows.values()] == [CallState.SETTLED]


@pytest.mark.parametrize("schema", [None, PLAN])
async def test_a_streamed_answer_is_recorded_as_one_that_came_at_once(schema: Any) -> None:
    answer: Answer = lambda _: {"n": 12345678} if schema else "All at once or bit by bit."  # noqa: E731
    streamed = await run(answer, Listening(), schema=schema)
    plain = await run(answer, None, schema=schema)
    assert streamed[0] == plain[0]
    assert list(streamed[1].rows) == list(plain[1].rows)
    assert [each["parts"] for each in responses(streamed[1])] == [each["parts"] for each in responses(plain[1])]
    assert streamed[1].usage == plain[1].usage


async def test_structured_output_is_heard_as_the_arguments_of_its_tool() -> None:
    listening = Listening()
    await run(lambda _: {"n": 7}, listening, schema=PLAN)
    assert listening.text(ChunkKind.TOOL) == '{"n": 7}'
    assert [chunk.tool for _, chunk in listening.told if chunk.tool] == ["answer"]


async def test_an_answer_that_is_known_is_not_heard_again() -> None:
    _, ledger = await run(lambda _: "tea", Listening())
    listening = Listening()
    assert (await run(lambda _: "other", listening, ledger))[0] == {"text": "tea"}
    assert listening.told == []


async def test_a_stream_that_ends_in_the_middle_is_a_lost_answer_and_asked_once_more() -> None:
    listening = Listening()
    output, _ = await run(lambda asked: Reply("A whole answer of tea.", cut=asked.number == 1), listening)
    assert output == {"text": "A whole answer of tea."}
    assert listening.text(ChunkKind.TEXT).endswith("A whole answer of tea.")


async def test_a_stream_that_is_cut_each_time_is_charged_and_uncertain() -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallUncertain):
        await run(lambda _: Reply("never whole, never whole", cut=True), Listening(), ledger)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


def event(delta: Any = None, reason: str | None = None, usage: Any = None) -> str:
    choices = [] if usage else [{"index": 0, "delta": delta or {}, "finish_reason": reason}]
    frame = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return f"data: {json.dumps(frame | {'choices': choices, 'usage': usage})}\n\n"


def broken_off(*tail: str, reply: Any = "tea") -> Reply:
    """Return an answer whose connection breaks off after some last events."""
    return Reply(reply, cut=True, tail="".join(tail), headers={"Content-Length": "999999"})


COUNTS = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}


@pytest.mark.parametrize("usage", [COUNTS, None])
async def test_a_stream_that_breaks_off_after_its_end_is_whole(usage: Any) -> None:
    last = event(reason="stop") + (event(usage=usage) if usage else "")
    output, ledger = await run(lambda _: broken_off(last), Listening())
    assert output == {"text": "tea"}
    [call], [told] = ledger.requests.values(), ledger.usage.values()
    assert told.output_tokens == (3 if usage else call.bound.output_tokens)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.SETTLED, 1)]


@pytest.mark.parametrize(
    ("lost", "schema"),
    [
        (broken_off(event(reason="tool_calls"), reply={"n": 12345678}), PLAN),  # half of the call's JSON
        (broken_off(event({"content": " and"}, "stop")), None),  # some servers say so with each piece
        (broken_off(event({"content": " and"}, "stop"), event({"content": " so"}, "stop")), None),
        (broken_off(), None),
    ],
)
async def test_a_stream_that_breaks_off_before_its_end_is_lost(lost: Reply, schema: Any) -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallUncertain):
        await run(lambda _: lost, Listening(), ledger, schema=schema)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


async def test_a_stream_cut_at_max_tokens_is_kept_and_not_used() -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(AnswerCut):
        await run(lambda _: Reply("half", finish_reason="length"), Listening(), ledger)
    assert [row.state for row in ledger.rows.values()] == [CallState.SETTLED]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_before_the_stream_is_tried_again(status: int) -> None:
    output, _ = await run(lambda asked: Reply(status=status) if asked.number == 1 else Reply("tea"), Listening())
    assert output == {"text": "tea"}


async def test_the_cost_is_that_of_the_usage_the_stream_tells() -> None:
    _, ledger = await run(lambda _: "tea", Listening())
    [usage] = ledger.usage.values()
    assert isinstance(usage, Usage)
    assert usage.output_tokens > 0


async def test_a_prompt_that_google_blocks_is_refused_and_not_asked_again() -> None:
    blocked = Reply(cut=True, tail='data: {"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "1"}\n\n')
    with served("google", lambda _: blocked, hear=Listening()) as (server, agents):
        async with agents:
            with pytest.raises(AnswerRefused):
                await agents.run(ask())
    assert len(server.requests) == 1
