"""What agents remember: read through the ledger, kept once, shown in whole turns, part of the node's key."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.memory.summaries import QUESTION, as_text
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import Memory
from storage.database.work import Work
from tasks.memories import forget, load_turns
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import Walked, document, walk
from tests.servers.model_server import Asked, ModelServer, Reply, model_server

SOURCES = {"main": {"kind": "openai", "block": "main"}}


def answer(asked: Asked) -> Any:
    if "older part of a conversation" in asked.prompt:
        return "They like tea."
    if any(tool["function"]["name"] == "answer" for tool in asked.body.get("tools", [])):
        return {"n": 7}
    return f"Answer to {asked.body['messages'][-1]['content']}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with model_server(answer) as running:

        async def load(spec: WorkflowSpec) -> Sources:
            main = ModelSource(name="main", base_url=running.base_url, api_key=SecretStr("k"), model="m")
            return Sources(spec, {"main": main})

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield running


def talk(prompt: str = "{{ inputs.say }}", name: str = "walk", **memory: Any) -> dict[str, Any]:
    config = {"source": "main", "prompt": prompt, "max_tokens": 100, "memory": {"key": "tea", **memory}}
    return document([{"id": "talk", "type": "llm", "config": config}], sources=SOURCES) | {"name": name}


def shown(server: ModelServer) -> list[str]:
    """Return what the model was shown last, role and text of each message."""
    return [f"{message['role']}: {message['content']}" for message in server.requests[-1].body["messages"]]


async def said(services: Services, key: str = "tea") -> list[str]:
    def rows(work: Work) -> Any:
        return work.memories.shown(work.memories.resolve(key).id)

    return [as_text(turn) for turn in await load_turns(services, await services.database.run(services.scope, rows))]


async def test_the_next_run_goes_on_with_what_was_said(services: Services, server: ModelServer) -> None:
    await walk(services, talk(), say="one")
    await walk(services, talk(), say="two")
    assert shown(server) == ["user: one", "assistant: Answer to one", "user: two"]
    assert await said(services) == ["user: one\nassistant: Answer to one", "user: two\nassistant: Answer to two"]


async def test_a_conversation_of_another_key_or_project_is_another_one(services: Services, server: ModelServer) -> None:
    await walk(services, talk(), say="one")
    for other in (talk(key="coffee"), talk(name="elsewhere"), talk(scope="user"), talk(scope="free")):
        await walk(services, other, say="two")
        assert shown(server) == ["user: two"]


@pytest.mark.parametrize(("scope", "name", "count"), [("free", "elsewhere", 3), ("user", "elsewhere", 3)])
async def test_what_is_shared_is_shared(
    services: Services, server: ModelServer, scope: str, name: str, count: int
) -> None:
    await walk(services, talk(scope=scope), say="one")
    await walk(services, talk(scope=scope, name=name), say="two")
    assert len(shown(server)) == count


async def test_resuming_reads_what_was_read_first_and_asks_nobody(services: Services, server: ModelServer) -> None:
    first = await walk(services, talk(), say="one")
    await walk(services, talk(), say="two")
    again = await walk(services, talk(), root=first.root, say="one")
    assert (again.ran, len(server.requests)) == ([], 2)
    assert len(await said(services)) == 2


async def test_a_node_that_answers_anew_in_its_execution_is_remembered_by_its_last_answer(
    services: Services, server: ModelServer
) -> None:
    first = await walk(services, talk(), say="one")
    await walk(services, talk("Again: {{ inputs.say }}"), root=first.root, say="one")
    assert shown(server) == ["user: Again: one"]
    assert await said(services) == ["user: Again: one\nassistant: Answer to Again: one"]


async def test_the_key_of_the_node_tells_what_it_remembered(services: Services, server: ModelServer) -> None:
    keys = [(await (await walk(services, talk(), say="one")).rows())["talk"].node_key for _ in range(2)]
    assert keys[0] != keys[1]
    await forget(services, "tea")
    assert (await (await walk(services, talk(), say="one")).rows())["talk"].node_key == keys[0]


async def test_whole_turns_that_do_not_fit_are_not_shown(services: Services, server: ModelServer) -> None:
    for word in ("one", "two", "three"):
        await walk(services, talk(max_tokens=100), say=f"{word} {'x' * 90}")
    assert [line[:10] for line in shown(server)] == ["user: two ", "assistant:", "user: thre"]


async def test_older_turns_become_a_summary_that_is_made_once(services: Services, server: ModelServer) -> None:
    settings: dict[str, Any] = {"max_tokens": 150, "when_full": "summarise"}
    for word in ("one", "two", "three"):
        await walk(services, talk(**settings), say=f"{word} {'x' * 90}")
    assert shown(server)[:2] == [f"user: {QUESTION}", "assistant: They like tea."]
    asked = len(server.requests)
    assert asked == 4
    await walk(services, talk(**settings), say="short")
    assert len(server.requests) == asked + 1
    assert (await said(services))[0] == f"user: {QUESTION}\nassistant: They like tea."


async def test_a_structured_answer_is_remembered_as_its_json(services: Services, server: ModelServer) -> None:
    spec = talk()
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    spec["nodes"][0]["config"]["output_schema"] = schema
    await walk(services, spec, say="one")
    await walk(services, talk(), say="two")
    assert shown(server) == ["user: one", 'assistant: {"n": 7}', "user: two"]


async def test_iterations_one_after_the_other_talk_on(services: Services, server: ModelServer) -> None:
    body = {"nodes": talk("Say {{ item }}.")["nodes"]}
    loop = {"for_each": ["a", "b"], "parallel": 1, "max_iterations": 5, "body": body}
    walked = await walk(services, document([{"id": "l", "type": "loop", "config": loop}], sources=SOURCES))
    assert walked.error is None
    assert shown(server) == ["user: Say a.", "assistant: Answer to Say a.", "user: Say b."]


async def test_what_was_forgotten_is_gone_from_the_store_too(services: Services, server: ModelServer) -> None:
    await walk(services, talk(), say="one")
    assert await forget(services, "tea") == "tea"
    keys = [entry.key async for entry in services.store.entries("org") if "/memories/" in entry.key]
    assert keys == []
    await walk(services, talk(), say="two")
    assert shown(server) == ["user: two"]


async def test_a_reading_is_a_call_that_can_be_looked_at_and_costs_nothing(
    services: Services, server: ModelServer
) -> None:
    walked: Walked = await walk(services, talk(), say="one")
    calls = await services.database.run(services.scope, lambda work: work.calls.list(walked.root))
    assert [call.kind.value for call in calls] == ["memory", "model"]
    assert calls[0].cost == 0
    assert [payload["call"] for _, _, payload in await walked.events("call.answered")] == [1]


async def test_conversations_of_other_users_are_not_shown(services: Services, server: ModelServer) -> None:
    await walk(services, talk(scope="user"), say="one")

    def another(work: Work) -> Any:
        memory: Memory = work.memories.resolve("tea")
        memory.owner = "somebody else"
        return None

    await services.database.run(services.scope, another)
    assert await services.database.run(services.scope, lambda work: work.memories.list()) == []


async def test_where_a_summary_is_cut_the_older_turns_are_left_out_this_time(
    services: Services, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"max_tokens": 150, "when_full": "summarise"}
    for word in ("one", "two"):
        await walk(services, talk(**settings), say=f"{word} {'x' * 90}")

    def cut(asked: Asked) -> Any:
        is_summary = "older part of a conversation" in asked.prompt
        return Reply("They", finish_reason="length") if is_summary else answer(asked)

    monkeypatch.setattr(server, "_answer", cut)
    walked = await walk(services, talk(**settings), say="three")
    assert walked.error is None
    assert [line[:10] for line in shown(server)] == ["user: two ", "assistant:", "user: thre"]
    assert len(await said(services)) == 3


async def test_a_conversation_that_is_forgotten_while_it_is_added_to_begins_anew(
    services: Services, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = services.store.put

    async def put_and_forget(key: str, content: bytes) -> None:
        await put(key, content)
        if "/memories/" in key:
            monkeypatch.undo()
            await forget(services, "tea")

    spec, calls = talk(), server.requests
    run_now = walk(services, spec, say="one")
    monkeypatch.setattr(services.store, "put", put_and_forget)
    assert (await run_now).error is None
    assert (await said(services), len(calls)) == (["user: one\nassistant: Answer to one"], 1)
