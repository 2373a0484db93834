"""Agent runs against a real HTTP server: what is sent, what comes back, what is mended."""

import asyncio
import json
import threading
from decimal import Decimal
from typing import Any

import pytest

from repomill.agents.runner import AgentRunner
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallState, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import AnswerCut, AnswerNotUsable, SourceMissing
from repomill.memory.turns import Turn
from tests.fakes.agent_runs import MODEL, ROOT, ask, runner_for
from tests.servers.model_server import Asked, Reply, model_server
from tests.servers.waiting import PATIENCE

PLAN = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
RECURSIVE = {
    "type": "object",
    "required": ["left"],
    "properties": {"left": {"$ref": "#/$defs/leaf"}, "next": {"$ref": "#"}},
    "$defs": {"leaf": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
}

SPOKEN = Turn(({"role": "user", "content": "Hi."}, {"role": "assistant", "content": [{"type": "text", "text": "Ho."}]}))
THOUGHT = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "reasoning_content": "Hm."}}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }
)


async def test_a_text_answer_comes_back_with_what_it_used() -> None:
    with model_server(lambda asked: "Hello there.") as server:
        async with runner_for(server.base_url) as agents:
            answer = await agents.run(ask("Say hello.", system_prompt="Be kind.", temperature=0.2))
    assert (answer.output, answer.files, answer.calls) == ({"text": "Hello there."}, (), 1)
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    body = server.requests[0].body
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Say hello."},
    ]
    assert (body["model"], body["max_completion_tokens"], body["temperature"]) == (MODEL, 500, 0.2)


async def test_the_request_may_name_another_model() -> None:
    with model_server() as server:
        async with runner_for(server.base_url) as agents:
            await agents.run(ask(model="other"))
    assert server.requests[0].body["model"] == "other"


async def test_key_and_headers_of_the_source_are_sent() -> None:
    with model_server() as server:
        async with runner_for(server.base_url, api_key="sk-secret") as agents:
            await agents.run(ask())
    assert server.requests[0].headers["authorization"] == "Bearer sk-secret"


async def test_structured_output_follows_the_schema() -> None:
    with model_server(lambda asked: {"n": 3}) as server:
        async with runner_for(server.base_url) as agents:
            answer = await agents.run(ask(schema=PLAN))
    assert answer.output == {"n": 3}
    assert server.requests[0].schema == PLAN


async def test_files_come_back_as_tree_files() -> None:
    files = {"files": [{"path": "src/a.py", "content": "x = 1\n"}], "notes": "One module."}
    with model_server(lambda asked: files) as server:
        async with runner_for(server.base_url) as agents:
            answer = await agents.run(ask(files=True))
    assert answer.output == {"files": ["src/a.py"], "notes": "One module."}
    assert [(file.path, file.content) for file in answer.files] == [("src/a.py", b"x = 1\n")]


@pytest.mark.parametrize(
    "schema",
    [
        PLAN,
        {"type": "array", "items": {"type": "string"}, "minItems": 2},
        {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}, "ratio": {"type": "number", "maximum": 0.5}}},
        RECURSIVE,
    ],
)
async def test_the_server_makes_up_answers_that_fit_any_schema(schema: dict[str, Any]) -> None:
    with model_server() as server:
        async with runner_for(server.base_url) as agents:
            one = await agents.run(ask(schema=schema))
            other = await agents.run(ask(schema=schema, node_path="again"))
    assert one.output == other.output
    assert len(server.requests) == 2


async def test_a_wrong_answer_is_sent_back_with_what_was_wrong() -> None:
    answers = [{"n": "three"}, {"n": 3, "m": 4}, {"n": 3}]
    with model_server(lambda asked: answers[asked.number - 1]) as server:
        async with runner_for(server.base_url) as agents:
            answer = await agents.run(ask(schema=PLAN, repairs=2))
    assert (answer.output, answer.calls) == ({"n": 3}, 3)
    assert "/n: 'three' is not of type 'integer'" in server.requests[1].body["messages"][-1]["content"]
    assert "('m' was unexpected)" in server.requests[2].body["messages"][-1]["content"]


@pytest.mark.parametrize("repairs", [0, 1, 3])
async def test_repairs_are_counted_and_every_answer_is_kept(repairs: int) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(lambda asked: {"n": "three"}) as server:
        async with runner_for(server.base_url, ledger) as agents:
            with pytest.raises(AnswerNotUsable, match="/n: 'three' is not of type 'integer'"):
                await agents.run(ask(schema=PLAN, repairs=repairs))
    assert len(server.requests) == repairs + 1
    assert [row.state for row in ledger.rows.values()] == [CallState.SETTLED] * (repairs + 1)


async def test_text_in_the_place_of_structure_is_repaired() -> None:
    def answer(asked: Asked) -> Any:
        return "Here you are: 3" if asked.number == 1 else {"n": 3}

    with model_server(answer) as server:
        async with runner_for(server.base_url) as agents:
            assert (await agents.run(ask(schema=PLAN))).output == {"n": 3}
    assert len(server.requests) == 2


async def test_a_system_prompt_before_a_history_counts_as_one_message_with_it() -> None:
    with model_server() as server:
        async with runner_for(server.base_url) as agents:
            await agents.run(ask(system_prompt="Be kind.", history=(SPOKEN,), max_input_tokens=2_500))
    assert [message["role"] for message in server.requests[0].body["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


@pytest.mark.parametrize("first", ["", Reply(raw=THOUGHT)], ids=["empty", "only thoughts"])
async def test_a_model_that_answers_nothing_is_asked_for_text(first: Any) -> None:
    ledger = MemoryCallLedger(ROOT)
    request = ask("Say hello.", system_prompt="Be kind.", history=(SPOKEN,), max_input_tokens=3_500)
    with model_server(lambda asked: first if asked.number == 1 else "Hello.") as server:
        async with runner_for(server.base_url, ledger, input_price=Decimal(1), output_price=Decimal(1)) as agents:
            answer = await agents.run(request)
            again = await agents.run(request)
    said = [(message["role"], message["content"]) for message in server.requests[1].body["messages"]]
    assert said == [
        ("system", "Be kind."),
        ("user", "Hi."),
        ("assistant", "Ho."),
        ("user", "Say hello."),
        ("system", "Please return text."),
    ]
    assert (answer.output, answer.calls, len(server.requests)) == ({"text": "Hello."}, 2, 2)
    assert answer.usage.cost == sum(usage.cost or 0 for usage in ledger.usage.values()) > 0
    assert [message["role"] for message in answer.turn.messages] == ["user", "assistant"]
    assert (again.output, again.turn) == (answer.output, answer.turn)


async def test_an_empty_answer_is_not_usable() -> None:
    with model_server(lambda asked: "") as server:
        async with runner_for(server.base_url) as agents:
            with pytest.raises(AnswerNotUsable):
                await agents.run(ask(repairs=1))
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("half a sen", finish_reason="length"), "it reached max_tokens, 500"),
        (Reply("", finish_reason="content_filter"), "content filter"),
        (Reply("", refusal="I cannot help with that."), "content filter: I cannot help with that."),
    ],
)
async def test_a_cut_answer_is_kept_and_never_used(reply: Reply, reason: str) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(lambda asked: reply) as server:
        for _ in range(2):
            async with runner_for(server.base_url, ledger) as agents:
                with pytest.raises(AnswerCut, match=reason):
                    await agents.run(ask(files=False))
    assert len(server.requests) == 1
    assert [row.state for row in ledger.rows.values()] == [CallState.SETTLED]


async def test_a_cut_tool_call_is_cut_not_repaired() -> None:
    with model_server(lambda asked: Reply({"n": 3}, finish_reason="length")) as server:
        async with runner_for(server.base_url) as agents:
            with pytest.raises(AnswerCut):
                await agents.run(ask(schema=PLAN))
    assert len(server.requests) == 1


async def test_a_missing_source_is_named_with_its_block_and_nothing_is_reserved() -> None:
    ledger = MemoryCallLedger(ROOT)
    async with AgentRunner({}, LedgeredCalls(ledger, LedgerMode.LIVE)) as agents:
        for request in (ask(), ask(model=MODEL)):
            with pytest.raises(SourceMissing, match="repomill-openai/main"):
                await agents.run(request)
    assert ledger.rows == {}


async def test_fifty_agents_run_at_once() -> None:
    ledger, all_are_in_flight = MemoryCallLedger(ROOT), threading.Barrier(50)

    def answer(asked: Asked) -> str:
        all_are_in_flight.wait(timeout=PATIENCE)
        return asked.prompt.upper()

    with model_server(answer) as server:
        async with runner_for(server.base_url, ledger) as agents:
            answers = await asyncio.gather(*(agents.run(ask(f"n{i}", f"loop[{i}].write")) for i in range(50)))
    assert [answer.output for answer in answers] == [{"text": f"N{i}"} for i in range(50)]
    assert {row.state for row in ledger.rows.values()} == {CallState.SETTLED}
