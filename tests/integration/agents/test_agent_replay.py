"""Recorded runs: replayed with the server stopped, without a key, and never asked twice."""

import json
from pathlib import Path

import pytest

from repomill.agents.request import AgentAnswer, AgentRequest
from repomill.agents.runner import AgentRunner
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallState, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.recordings import Recordings
from repomill.errors import RecordingMissing
from tests.fakes.agent_runs import MODEL, ROOT, ask, runner_for
from tests.servers.model_server import Asked, model_server

PLAN = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
RUNS = [
    ask("Say hello."),
    ask("Plan.", "structured", schema=PLAN, system_prompt="Think."),
    ask("Write.", "loop[0].write", files=True),
]


def answer(asked: Asked) -> object:
    """Wrong once, so that a repair is part of what is recorded."""
    if asked.schema is None or "files" in asked.schema["properties"]:
        return None
    return {"n": 3} if "is not of type" in asked.prompt else {"n": "x"}


async def run_all(agents: AgentRunner, requests: list[AgentRequest]) -> list[AgentAnswer]:
    async with agents:
        return [await agents.run(request) for request in requests]


async def record(folder: Path, requests: list[AgentRequest] = RUNS, api_key: str = "") -> list[AgentAnswer]:
    with model_server(answer) as server:
        return await run_all(runner_for(server.base_url, folder=folder, api_key=api_key), requests)


def recorded(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.rglob("*.json")]


async def test_a_recorded_run_replays_with_the_server_stopped(tmp_path: Path) -> None:
    live = await record(tmp_path)
    ledger = MemoryCallLedger(ROOT)
    strict = await run_all(runner_for(ledger=ledger, mode=LedgerMode.STRICT, folder=tmp_path), RUNS)
    assert [(one.output, one.files, one.calls) for one in strict] == [
        (one.output, one.files, one.calls) for one in live
    ]
    assert [row.state for row in ledger.rows.values()] == [CallState.SETTLED] * 4
    assert {usage.cost for usage in ledger.usage.values()} == {0}


async def test_replaying_needs_no_source_when_the_request_names_its_model(tmp_path: Path) -> None:
    requests = [ask("Say hello.", model=MODEL)]
    live = await record(tmp_path, requests)
    agents = AgentRunner({}, LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.STRICT, Recordings(tmp_path)))
    assert (await run_all(agents, requests))[0].output == live[0].output


async def test_one_changed_byte_of_the_prompt_is_a_miss_that_names_the_field(tmp_path: Path) -> None:
    await record(tmp_path)
    with pytest.raises(RecordingMissing) as caught:
        await run_all(runner_for(mode=LedgerMode.STRICT, folder=tmp_path), [ask("Say hello!")])
    assert caught.value.difference == (
        'Against the recording of call 1: /messages/0/content: recorded "Say hello.", now "Say hello!"'
    )


async def test_replay_asks_only_for_what_is_not_recorded(tmp_path: Path) -> None:
    await record(tmp_path, RUNS[:2])
    with model_server(answer) as server:
        await run_all(runner_for(server.base_url, mode=LedgerMode.REPLAY, folder=tmp_path), RUNS)
        await run_all(runner_for(server.base_url, mode=LedgerMode.REPLAY, folder=tmp_path), RUNS)
    assert [asked.prompt for asked in server.requests] == ["Write."]


async def test_live_asks_again_in_another_execution(tmp_path: Path) -> None:
    await record(tmp_path)
    with model_server(answer) as server:
        await run_all(runner_for(server.base_url, folder=tmp_path), RUNS)
    assert len(server.requests) == 4


@pytest.mark.parametrize("mode", list(LedgerMode))
async def test_a_resumed_execution_asks_nothing_in_any_mode(mode: LedgerMode) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(answer) as server:
        first = await run_all(runner_for(server.base_url, ledger), RUNS)
        again = await run_all(runner_for(server.base_url, ledger, mode), RUNS)
    assert len(server.requests) == 4
    assert [one.output for one in again] == [one.output for one in first]
    assert {one.usage.cost for one in again} == {0}


async def test_equal_prompts_of_one_run_are_kept_apart_by_their_ordinal(tmp_path: Path) -> None:
    answers = ["", "second"]
    request = [ask("Say.", repairs=1)]
    with model_server(lambda asked: answers[asked.number - 1]) as server:
        live = await run_all(runner_for(server.base_url, folder=tmp_path), request)
    strict = await run_all(runner_for(mode=LedgerMode.STRICT, folder=tmp_path), request)
    assert live[0].output == strict[0].output == {"text": "second"}
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == ["1.json", "2.json"]


async def test_equal_prompts_of_two_nodes_are_asked_for_each() -> None:
    with model_server(lambda asked: f"answer {asked.number}") as server:
        answers = await run_all(runner_for(server.base_url), [ask(node_path="a"), ask(node_path="b")])
    assert [one.output for one in answers] == [{"text": "answer 1"}, {"text": "answer 2"}]


async def test_no_key_and_no_address_is_ever_stored(tmp_path: Path) -> None:
    ledger = MemoryCallLedger(ROOT)
    with model_server(answer) as server:
        agents = runner_for(server.base_url, ledger, folder=tmp_path, api_key="sk-very-secret")
        await run_all(agents, RUNS)
    stored = json.dumps([call.request for call in ledger.requests.values()])
    stored += json.dumps([row.response for row in ledger.rows.values()])
    files = recorded(tmp_path)
    stored += "".join(files)
    assert len(files) == 4
    assert "secret" not in stored
    assert "127.0.0.1" not in stored
