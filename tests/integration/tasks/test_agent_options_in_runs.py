"""Files to look at, and models that take over, in whole runs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.workflow.spec import WorkflowSpec
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import document, walk
from tests.servers.model_server import Asked, ModelServer, Reply, model_server

LOOK = {
    "source": "first",
    "prompt": "Look.",
    "max_tokens": 500,
    "attach": [{"from": "page", "paths": ["*.md"]}],
    "fallback": [{"source": "second"}],
}
SOURCES = {name: {"kind": "openai", "block": name, "model": f"model-of-{name}"} for name in ("first", "second")}


def looking(content: str) -> dict[str, Any]:
    files = [{"path": "a.md", "content": content}, {"path": "b.txt", "content": content}]
    nodes = [
        {"id": "page", "type": "file_generation", "config": {"files": files}},
        {"id": "look", "type": "llm", "config": LOOK},
    ]
    return document(nodes, [{"from": "page", "to": "look"}], sources=SOURCES, output="{{ nodes.look.output.text }}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    def answer(asked: Asked) -> Reply:
        if asked.body["model"] == "reads":
            told = [message["content"] for message in asked.body["messages"] if message["role"] == "tool"]
            return Reply(json.loads(told[0])["content"]) if told else Reply(calls=[("read_file", {"path": "a.md"})])
        return Reply("Seen.") if asked.body["model"] == "model-of-second" else Reply("no such model", status=404)

    with model_server(answer) as running:

        async def load(spec: WorkflowSpec) -> Sources:
            key = SecretStr("k")
            found = {name: ModelSource(name=name, base_url=running.base_url, api_key=key) for name in spec.sources}
            return Sources(spec, found)

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield running


async def test_the_second_model_is_shown_the_file_when_the_first_refuses(
    services: Services, server: ModelServer
) -> None:
    walked = await walk(services, looking("one"))
    assert (walked.error, walked.output) == (None, "Seen.")
    assert [asked.body["model"] for asked in server.requests] == ["model-of-first", "model-of-second"]
    [message] = server.requests[1].body["messages"]
    assert [part["text"] for part in message["content"]] == ["Look.", "The file a.md:\none"]


async def test_the_agent_is_asked_again_only_when_a_file_it_sees_has_changed(
    services: Services, server: ModelServer
) -> None:
    first = await walk(services, looking("one"))
    assert (await walk(services, looking("one"), root=first.root)).ran == []
    assert len(server.requests) == 2
    await walk(services, looking("two"), root=first.root)
    assert len(server.requests) == 4


async def test_the_tools_of_files_read_those_of_the_node_before(services: Services, server: ModelServer) -> None:
    spec = looking("one")
    tools = [{"tree": {"from": ["page"]}}]
    spec["nodes"][1]["config"] = {"source": "reader", "prompt": "Read.", "max_tokens": 500, "tools": tools}
    spec["sources"] = {"reader": {"kind": "openai", "block": "reader", "model": "reads"}}
    walked = await walk(services, spec)
    assert (walked.error, walked.output) == (None, "one")
