"""Node keys and workflow digests: what changes them and what must not."""

import pytest

from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.nodes.registry import kind
from repomill.workflow.digests import workflow_digest
from repomill.workflow.keys import node_key
from repomill.workflow.validation import validate

PLAIN = """
apiVersion: repomill/v1
name: plain
sources: {models: {kind: openai}}
nodes: [{id: a, type: input}]
"""
SPELLED_OUT = """# the same, with all defaults
nodes:
  - {config: {}, type: input, id: a, title: ''}
sources: {models: {block: openai, kind: openai, model: null}}
inputs: {}
variables: {}
queues: {}
edges: []
budget: {}
description: ""
output: null
name: plain
apiVersion: "repomill/v1"
"""


class NextInput(NodeKind[NodeConfig]):
    """The input kind after a change of what it does."""

    name = "input"
    version = 99
    idempotency = Idempotency.PURE
    config_model = NodeConfig

    async def run(self, config: NodeConfig, context: NodeContext) -> NodeResult:
        return NodeResult()


def digest_of(text: str, **templates: str) -> str:
    return workflow_digest(validate(text, "spec.yaml"), templates)


def test_notation_order_and_spelled_out_defaults_do_not_change_a_workflows_digest() -> None:
    assert digest_of(PLAIN) == digest_of(SPELLED_OUT)


@pytest.mark.parametrize(
    ("old", "new"), [("name: plain", "name: other"), ("id: a", "id: b"), ("sources:", "queues: {q: {}}\nsources:")]
)
def test_another_content_has_another_digest(old: str, new: str) -> None:
    assert digest_of(PLAIN) != digest_of(PLAIN.replace(old, new))


def test_templates_are_part_of_a_workflows_digest() -> None:
    assert len({digest_of(PLAIN), digest_of(PLAIN, t="sha256:1"), digest_of(PLAIN, t="sha256:2")}) == 3


def test_equal_parts_give_equal_node_keys_whatever_their_order() -> None:
    first = node_key(kind("input"), {"a": 1, "b": 2.0}, input_digests={"x": "1", "y": "2"})
    assert first == node_key(kind("input"), {"b": 2, "a": 1}, input_digests={"y": "2", "x": "1"})
    assert first.startswith("sha256:")


def test_every_part_changes_a_node_key() -> None:
    keys = [
        node_key(kind("input"), {}),
        node_key(kind("file_generation"), {}),
        node_key(NextInput(), {}),
        node_key(kind("input"), {"a": 1}),
        node_key(kind("input"), {}, input_digests={"a": "1"}),
        node_key(kind("input"), {}, template_digests={"a": "1"}),
        node_key(kind("input"), {}, model_parameters={"a": "1"}),
    ]
    assert len(set(keys)) == len(keys)


def test_nodes_that_ask_have_keys_of_their_own_however_alike_they_are() -> None:
    assert node_key(kind("llm"), {}, node_path="a") != node_key(kind("llm"), {}, node_path="b")
    assert node_key(kind("repo_creation"), {}, node_path="a") != node_key(kind("repo_creation"), {}, node_path="b")
    assert node_key(kind("file_generation"), {}, node_path="a") == node_key(kind("file_generation"), {}, node_path="b")


def test_a_configuration_that_is_not_json_has_no_key() -> None:
    with pytest.raises(ValueError, match="NaN"):
        node_key(kind("input"), {"a": float("nan")})
