"""Checks of the shape: keys, types, names, node kinds, ids."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from repomill.nodes.registry import registered
from repomill.workflow._draft import Draft, DraftGraph, DraftNode, objects
from repomill.workflow._model_faults import model_findings
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import ROOT, child
from repomill.workflow.spec import WorkflowSpec

_BOUND = "max_iterations"


def check_shape(draft: Draft) -> Iterator[Finding]:
    """Yield faults of the top level, of node types and of each node's configuration."""
    yield from _top_level(draft)
    for graph in draft.graphs:
        yield from _unknown_types(graph)
        for node in graph.listed:
            yield from _config(node)
        yield from _duplicate_ids(graph)


def _top_level(draft: Draft) -> Iterator[Finding]:
    try:
        WorkflowSpec.model_validate(draft.data)
    except ValidationError as error:
        yield from model_findings(WorkflowSpec, error.errors(include_url=False), draft.data, ROOT)


def _unknown_types(graph: DraftGraph) -> Iterator[Finding]:
    for pointer, item in objects(graph.data, "nodes", graph.pointer):
        name = item.get("type")
        if isinstance(name, str) and name not in graph.kinds:
            hint = _broken_plugin(name) or did_you_mean(name, graph.kinds)
            yield Finding("unknown_node_type", child(pointer, "type"), f"there is no node type {name!r}", hint)


def _broken_plugin(name: str) -> str:
    """Return what is wrong with the plug-in that would declare the type, if its entry point bears the type's name."""
    for broken in registered().broken:
        if broken.entry_point == name:
            return f"plug-in {broken.package} could not be used: {broken.reason}"
    return ""


def _config(node: DraftNode) -> Iterator[Finding]:
    if node.kind is None:
        return
    inside = child(node.config_pointer, node.kind.body_key, "nodes") if node.kind.body_key else None
    bounds = [error for error in node.errors if _misses_bound(node, error)]
    others = [error for error in node.errors if error not in bounds]
    for finding in model_findings(node.kind.config_model, others, node.raw, node.config_pointer):
        is_empty = finding.pointer == inside and finding.code == "bad_value"
        yield Finding("empty_body", finding.pointer, "there is no node inside") if is_empty else finding
    if bounds:
        message = f"the loop has no bound: the key {_BOUND!r} is missing"
        yield Finding("loop_without_bound", child(node.config_pointer, _BOUND), message, f"add '{_BOUND}: 100'")


def _misses_bound(node: DraftNode, error: ErrorDetails) -> bool:
    return bool(node.kind and node.kind.body_key and error["type"] == "missing" and error["loc"] == (_BOUND,))


def _duplicate_ids(graph: DraftGraph) -> Iterator[Finding]:
    for node in graph.listed:
        around = next((outer.nodes[node.id] for outer in graph.enclosing if node.id in outer.nodes), None)
        first = around or graph.nodes[node.id]
        if first is not node:
            message = f"the id {node.id!r} belongs to {first.pointer} already"
            yield Finding("duplicate_id", child(node.pointer, "id"), message)
