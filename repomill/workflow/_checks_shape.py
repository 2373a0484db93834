"""Checks of the shape: keys, types, names, node kinds, ids."""

from collections.abc import Iterator

from pydantic import ValidationError

from repomill.nodes.registry import registered
from repomill.workflow._draft import Draft, DraftNode, objects
from repomill.workflow._model_faults import model_findings
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import ROOT, child
from repomill.workflow.spec import WorkflowSpec


def check_shape(draft: Draft) -> Iterator[Finding]:
    """Yield faults of the top level, of node types and of each node's configuration."""
    yield from _top_level(draft)
    yield from _unknown_types(draft)
    for node in draft.listed:
        yield from _config(node)
    yield from _duplicate_ids(draft)


def _top_level(draft: Draft) -> Iterator[Finding]:
    try:
        WorkflowSpec.model_validate(draft.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for finding in model_findings(WorkflowSpec, errors, draft.data, ROOT):
            # Pydantic counts the nodes that are right: with only faulty ones it would also say there are none.
            if finding.pointer != "/nodes" or not draft.data.get("nodes") or finding.code == "wrong_type":
                yield finding


def _unknown_types(draft: Draft) -> Iterator[Finding]:
    for pointer, item in objects(draft.data, "nodes"):
        name = item.get("type")
        if isinstance(name, str) and name not in draft.kinds:
            hint = _broken_plugin(name) or did_you_mean(name, draft.kinds)
            yield Finding("unknown_node_type", child(pointer, "type"), f"there is no node type {name!r}", hint)


def _broken_plugin(name: str) -> str:
    """Return what is wrong with the plug-in that would declare the type, if its entry point bears the type's name."""
    for broken in registered().broken:
        if broken.entry_point == name:
            return f"plug-in {broken.package} could not be used: {broken.reason}"
    return ""


def _config(node: DraftNode) -> Iterator[Finding]:
    if node.kind is not None:
        yield from model_findings(node.kind.config_model, node.errors, node.raw, node.config_pointer)


def _duplicate_ids(draft: Draft) -> Iterator[Finding]:
    for node in draft.listed:
        first = draft.nodes[node.id]
        if first is not node:
            message = f"the id {node.id!r} belongs to {first.pointer} already"
            yield Finding("duplicate_id", child(node.pointer, "id"), message)
