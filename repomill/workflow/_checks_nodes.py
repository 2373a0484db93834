"""Checks of what a node may say whatever its kind: its condition, its fixed answer, the names it gives to others."""

from collections.abc import Iterator

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths
from repomill.workflow._draft import Draft, DraftGraph, DraftNode, objects
from repomill.workflow.faults import Finding
from repomill.workflow.json_schemas import schema_problems, value_errors
from repomill.workflow.pointers import child
from repomill.workflow.spec import Reuse
from repomill.workflow.templates import is_template

RESERVED_NAMES = frozenset(
    {"inputs", "variables", "nodes", "output", "state"}
    | {"caller", "kwargs", "loop", "namespace", "range", "self", "super", "varargs"}
)
"""Names a loop cannot give to its items: ours, and Jinja's own."""


def check_nodes(draft: Draft) -> Iterator[Finding]:
    """Yield faults of `when`, `mock` and of names for iterations."""
    for graph in draft.graphs:
        for node in graph.listed:
            yield from _when(node)
            yield from _mock(graph, node)
            yield from _reuse(node)
            yield from _iteration_names(node)


def _when(node: DraftNode) -> Iterator[Finding]:
    when = node.item.get("when")
    if isinstance(when, str) and not is_template(when) and when.strip().lower() not in {"true", "false"}:
        message = f"{when!r} is neither true nor false"
        yield Finding("bad_value", child(node.pointer, "when"), message, f"for an expression write '{{{{ {when} }}}}'")


def _reuse(node: DraftNode) -> Iterator[Finding]:
    if node.item.get("reuse") == Reuse.ALWAYS and node.understood is not None:
        kind, config = node.understood
        if kind.changes(config):
            message = f"node {node.id!r} may change something outside, which another run's result cannot stand for"
            hint = "leave it out; for an HTTP operation that only reads, write 'GET /path'"
            yield Finding("unsafe_reuse", child(node.pointer, "reuse"), message, hint)


def _mock(graph: DraftGraph, node: DraftNode) -> Iterator[Finding]:
    mock = node.item.get("mock")
    if not isinstance(mock, dict):
        return
    pointer = child(node.pointer, "mock")
    files = list(objects(mock, "files", pointer))
    if files and node.understood is not None and not graph.writes_files(node):
        yield Finding("bad_mock", child(pointer, "files"), f"node {node.id!r} adds no files to the tree")
    for place, file in files:
        if isinstance(file.get("path"), str):
            yield from _mock_path(child(place, "path"), file["path"])
    if mock.get("output") is not None and node.understood is not None:
        yield from _mock_output(node, child(pointer, "output"), mock["output"])


def _mock_path(pointer: str, path: str) -> Iterator[Finding]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        for problem in error.problems:
            yield Finding("unsafe_path", pointer, problem.rstrip("."))


def _mock_output(node: DraftNode, pointer: str, output: object) -> Iterator[Finding]:
    assert node.understood is not None  # noqa: S101  # asked by the caller
    kind, config = node.understood
    schema = kind.output_schema(config)
    if any(schema_problems(schema)):
        return
    try:
        errors = value_errors(schema, output)
    except RecursionError:
        return
    for error in errors:
        message = f"it does not fit what node {node.id!r} gives: {error.message}"
        yield Finding("bad_mock", child(pointer, *error.absolute_path), message)


def _iteration_names(node: DraftNode) -> Iterator[Finding]:
    for name in dict.fromkeys(node.body_names or ()):
        keys = [key for key, value in node.raw.items() if value == name]
        if name in RESERVED_NAMES and keys:
            pointer = child(node.config_pointer, keys[0])
            yield Finding("reserved_name", pointer, f"the name {name!r} has a meaning of its own", "choose another one")
