"""JSON Schemas of what nodes give, those of loops filled in from their bodies."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow._schema_paths import part_at
from repomill.workflow.field_paths import NAMED_PATH, parse_field_path

Schema = Mapping[str, Any]

_SOLE_REFERENCE = re.compile(rf"\s*\{{\{{-?\s*({NAMED_PATH})\s*-?\}}\}}\s*")


def output_schema(graph: DraftGraph, node: DraftNode) -> Schema:
    """Return the schema of `nodes.ID.output`; `{}` when it cannot be told."""
    if node.understood is None:
        return {}
    schema = node.understood[0].output_schema(node.understood[1])
    if node.pointer not in graph.bodies:
        return schema
    items = {"type": "array", "items": _given_by(graph.bodies[node.pointer])}
    return {**schema, "properties": {**schema.get("properties", {}), "items": items}}


def name_schema(graph: DraftGraph, name: str) -> Schema:
    """Return the schema of a name that the nearest loop around gives; `{}` when it cannot be told."""
    for inner in (graph, *graph.enclosing):
        owner = inner.owner
        if owner is not None and inner.outer is not None and name in (owner.body_names or ()):
            lists = owner.understood[0].item_lists(owner.understood[1]) if owner.understood else {}
            return part_at(_of_value(inner.outer, lists[name]), (0,)) if name in lists else {}
    return {}


def _given_by(body: DraftGraph) -> Schema:
    """Return the schema of what one iteration gives."""
    output = body.data.get("output")
    if output is not None:
        return _of_value(body, output)
    last = [node for node in body.nodes if not body.stated.successors[node]]
    return output_schema(body, body.nodes[last[0]]) if len(last) == 1 else {}


def _of_value(body: DraftGraph, value: object) -> Schema:
    if isinstance(value, dict):
        return {"type": "object", "properties": {key: _of_value(body, inner) for key, inner in value.items()}}
    found = _SOLE_REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return _of_reference(body, parse_field_path(found[1])) if found else {}


def _of_reference(body: DraftGraph, path: Sequence[str | int]) -> Schema:
    if len(path) < 3 or path[0] != "nodes" or path[2] != "output":
        return {}
    home = next((graph for graph in (body, *body.enclosing) if path[1] in graph.nodes), None)
    return part_at(output_schema(home, home.nodes[str(path[1])]), path[3:]) if home is not None else {}
