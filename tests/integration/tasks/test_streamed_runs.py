"""Answers as events of a run: while they come, without secrets, and never again from what is kept."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.workflow.spec import WorkflowSpec
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import document, walk
from tests.servers.model_server import ModelServer, Reply, model_server

KEY = "sk-sentinel-of-streams"
TELL = document(
    [{"id": "tell", "type": "llm", "config": {"source": "main", "prompt": "Tell.", "max_tokens": 500}}],
) | {"sources": {"main": {"kind": "openai", "block": "main"}}}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with model_server(lambda _: Reply(f"The key {KEY} is in here.", pause=0.05)) as running:

        async def load(spec: WorkflowSpec) -> Sources:
            main = ModelSource(name="main", base_url=running.base_url, api_key=SecretStr(KEY), model="m")
            return Sources(spec, {"main": main})

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield running


async def test_an_answer_shows_in_the_events_while_it_comes_and_without_the_key(
    services: Services, server: ModelServer
) -> None:
    walked = await walk(services, TELL)
    pieces = await walked.events("call.text")
    assert len(pieces) > 1
    assert "".join(payload["text"] for _, _, payload in pieces) == "The key *** is in here."
    assert {(node, payload["call"]) for _, node, payload in pieces} == {("tell", 1)}
    kinds = [kind for kind, _, _ in await walked.events()]
    assert kinds.index("node.started") < kinds.index("call.text") < kinds.index("call.answered")


async def test_resuming_streams_nothing_again(services: Services, server: ModelServer) -> None:
    first = await walk(services, TELL)
    again = await walk(services, TELL, root=first.root)
    assert (await again.events("call.text"), len(server.requests)) == ([], 1)
