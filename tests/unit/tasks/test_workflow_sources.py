"""The sources of a run: found by name and kind, with the block named that is missing."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks.image_provider import ImageProvider
from blocks.mcp_server import McpServer
from blocks.model_source import OpenAISource
from blocks.sources import SOURCE_BLOCKS, block_type
from repomill.agents.source import ModelSource
from repomill.errors import SourceMissing
from repomill.images.source import ImageSource
from repomill.sources import MODEL_SOURCES, SourceKind
from repomill.workflow.plan import plan
from repomill.workflow.spec import WorkflowSpec
from tasks.sources import Sources, missing_sources, require_sources

SPEC = WorkflowSpec.model_validate(
    {
        "apiVersion": "repomill/v1",
        "name": "tea",
        "sources": {"writer": {"kind": "openai"}, "painter": {"kind": "images", "block": "studio", "model": "stated"}},
        "nodes": [{"id": "start", "type": "input"}],
    }
)
WRITER = OpenAISource(api_key=SecretStr("sk-writer"), model="of-the-block").source("writer")
PAINTER = ImageProvider(api_key=SecretStr("sk-painter"), price_per_image="0.05").source("painter", "stated")
FOUND = Sources(SPEC, {"writer": WRITER, "painter": PAINTER})


def test_a_source_is_found_by_name_and_kind() -> None:
    assert FOUND.get("painter", ImageSource) is PAINTER
    assert FOUND.find("painter", ModelSource) is None
    assert FOUND.models() == {"writer": WRITER}


def test_a_missing_block_is_named_with_its_type() -> None:
    with pytest.raises(SourceMissing, match="repomill-images/studio"):
        Sources(SPEC).get("painter", ImageSource)
    assert Sources(SPEC).find("painter", ImageSource) is None


def test_the_model_is_that_of_the_specification_else_of_the_block() -> None:
    assert (FOUND.model("painter"), FOUND.model("writer"), Sources(SPEC).model("writer")) == (
        "stated",
        "of-the-block",
        "",
    )


def test_every_key_is_a_secret_of_the_run() -> None:
    assert {secret.get_secret_value() for secret in FOUND.secrets()} == {"sk-writer", "sk-painter"}


def test_every_kind_has_a_name_for_its_blocks() -> None:
    assert (block_type(SourceKind.IMAGES), block_type(SourceKind.OPENAI)) == ("repomill-images", "repomill-openai")


@pytest.mark.parametrize("kind", sorted(MODEL_SOURCES))
def test_every_provider_of_models_has_blocks_of_its_own(kind: SourceKind) -> None:
    block: Any = SOURCE_BLOCKS[kind](api_key=SecretStr("k"), base_url="https://x.test/", headers={"X-Team": "tea"})
    source = block.source("main", "some-model")
    assert (source.kind, source.url, source.model) == (kind, "https://x.test", "some-model")
    assert source.plain_headers() == {"X-Team": "tea"}


@pytest.mark.parametrize("given", [{}, {"command": ["x"], "url": "http://x.test"}, {"url": "ftp://x"}])
def test_an_mcp_server_is_a_command_or_a_url(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        McpServer(**given)


def using(*names: str, mock: bool = False) -> WorkflowSpec:
    """Return a workflow whose nodes, one of them in a loop, use these sources."""
    nodes: list[dict[str, Any]] = [
        {"id": f"n{number}", "type": "llm", "config": {"source": name, "prompt": "p", "max_tokens": 5}}
        | ({"mock": {"output": {"text": ""}}} if mock else {})
        for number, name in enumerate(names)
    ]
    loop = {"for_each": [1], "max_iterations": 1, "body": {"nodes": nodes[1:]}}
    sources = {name: {"kind": "openai", "block": f"b-{name}"} for name in ("one", "two", "idle")}
    stated = {"sources": sources, "nodes": [nodes[0], {"id": "all", "type": "loop", "config": loop}]}
    return WorkflowSpec.model_validate({"apiVersion": "repomill/v1", "name": "tea", **stated})


def test_every_missing_block_that_a_node_uses_is_found_also_inside_loops() -> None:
    spec = using("one", "two")
    assert missing_sources(plan(spec), Sources(spec)) == ("one", "two")
    assert missing_sources(plan(spec), Sources(spec, {"one": WRITER})) == ("two",)
    with pytest.raises(SourceMissing, match="repomill-openai/b-one"):
        require_sources(plan(spec), Sources(spec))


def test_a_node_that_is_mocked_needs_no_block() -> None:
    spec = using("one", "two", mock=True)
    assert missing_sources(plan(spec), Sources(spec), mocked=True) == ()
    assert missing_sources(plan(spec), Sources(spec)) == ("one", "two")
