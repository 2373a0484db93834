"""The JSON Schema for editors says what the models and node kinds say."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from repomill.nodes.registry import kinds
from repomill.workflow.spec_schema import spec_schema

SCHEMA = Draft202012Validator(spec_schema())
NODE: dict[str, Any] = {"id": "a", "type": "llm", "config": {"source": "m", "prompt": "x", "max_tokens": 1}}


def workflow(**changes: Any) -> dict[str, Any]:
    return {"apiVersion": "repomill/v1", "name": "service", "nodes": [NODE]} | changes


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(spec_schema())
    assert json.dumps(spec_schema())


def test_it_accepts_a_workflow() -> None:
    SCHEMA.validate(workflow(edges=[{"from": "a", "to": "b"}], sources={"m": {"kind": "openai"}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"name": "Not A Slug"},
        {"nodes": []},
        {"nodes": [NODE | {"type": "ghost"}]},
        {"nodes": [NODE | {"config": {"source": "m", "promt": "x", "max_tokens": 1}}]},
        {"nodes": [{"id": "a", "type": "llm"}]},
        {"edges": [["a", "b"]]},
        {"edges": [{"from": "a", "to": "b", "if": "x"}]},
        {"nodes": [{"id": "r", "type": "router", "config": {"branches": [{"name": "a", "when": {"equal": 1}}]}}]},
    ],
)
def test_it_refuses_what_validation_refuses(changes: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(workflow(**changes))


def loop(node: dict[str, Any]) -> dict[str, Any]:
    config = {"for_each": [1], "max_iterations": 2, "body": {"nodes": [node]}}
    return workflow(nodes=[{"id": "l", "type": "loop", "config": config}])


def test_nodes_inside_loops_are_looked_at_as_others_are() -> None:
    SCHEMA.validate(loop(NODE))
    assert not SCHEMA.is_valid(loop(NODE | {"config": {"source": "m", "promt": "x", "max_tokens": 1}}))
    assert not SCHEMA.is_valid(loop(NODE | {"type": "ghost"}))


def test_a_node_whose_configuration_has_defaults_may_leave_it_out() -> None:
    SCHEMA.validate(workflow(nodes=[{"id": "a", "type": "input"}]))


def test_every_kind_is_in_it_with_its_description() -> None:
    for name, kind in kinds().items():
        node = spec_schema()["$defs"][f"{name}_node"]
        assert node["properties"]["type"]["const"] == name
        assert node["properties"]["type"]["description"] == (kind.__doc__ or "").partition("\n")[0]


def test_kinds_may_be_handed_in() -> None:
    only = spec_schema({"input": kinds()["input"]})
    assert only["properties"]["nodes"]["items"] == {"oneOf": [{"$ref": "#/$defs/input_node"}]}


def test_every_key_has_a_description() -> None:
    schema = spec_schema()
    parts = [schema, *(schema["$defs"][name] for name in schema["$defs"])]
    bare = [key for part in parts for key, value in part.get("properties", {}).items() if not value.get("description")]
    # A node's `config` points at its model, which describes itself.
    assert set(bare) <= {"config"}
