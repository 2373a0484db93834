"""A run whose blocks are missing ends before anything is paid; one that goes on may do without them."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

import tasks.open_execution
from repomill.agents.source import ModelSource
from repomill.errors import SourceMissing
from repomill.workflow.spec import WorkflowSpec
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.walks import document, run_execution, walk
from tests.servers.model_server import ModelServer, model_server

ASK = {"source": "main", "prompt": "Tell.", "max_tokens": 500}
NODES = [
    {"id": "first", "type": "llm", "config": ASK},
    {"id": "last", "type": "llm", "config": ASK | {"source": "gone"}},
]
MAIN, GONE = {"kind": "openai", "model": "m"}, {"kind": "anthropic", "block": "gone", "model": "m"}
SOURCES = {"sources": {"main": MAIN, "gone": GONE}}
TELL = document(NODES, [{"from": "first", "to": "last"}], **SOURCES)


@pytest.fixture
def blocks() -> set[str]:
    return {"main"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, blocks: set[str]) -> Iterator[ModelServer]:
    with model_server() as running:

        async def load(spec: WorkflowSpec) -> Sources:
            known = {"base_url": running.base_url, "api_key": SecretStr("k"), "model": "m"}
            return Sources(spec, {name: ModelSource.model_validate({"name": name, **known}) for name in blocks})

        monkeypatch.setattr(tasks.open_execution, "load_sources", load)
        yield running


async def test_a_missing_block_fails_the_run_before_any_call(services: Services, server: ModelServer) -> None:
    walked = await walk(services, TELL)
    assert isinstance(walked.error, SourceMissing)
    assert "repomill-anthropic/gone" in str(walked.error)
    assert (server.requests, await walked.status()) == ([], "failed")


async def test_a_run_that_failed_for_it_goes_on_when_the_block_is_there(
    services: Services, server: ModelServer, blocks: set[str]
) -> None:
    walked = await walk(services, TELL)
    blocks.add("gone")
    again = await run_execution(services, walked.execution)
    assert (again.error, len(server.requests)) == (None, 2)


async def test_a_run_that_is_taken_up_again_needs_only_the_blocks_it_still_uses(
    services: Services, server: ModelServer, blocks: set[str]
) -> None:
    blocks.add("gone")
    done = await walk(services, TELL)
    blocks.clear()
    again = await walk(services, TELL, root=done.root)
    assert (again.error, len(server.requests)) == (None, 2)
