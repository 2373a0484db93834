"""Checks of what nodes refer to besides each other's results: sources, and paths of the tree."""

from collections.abc import Iterator

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths
from repomill.workflow._draft import Draft, DraftNode, string_pointer
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.templates import is_template


def check_references(draft: Draft) -> Iterator[Finding]:
    """Yield faults of sources and of paths that are known before the run."""
    written: dict[str, DraftNode] = {}
    for node in draft.listed:
        yield from _sources(draft, node)
        yield from _paths(node, written)


def _sources(draft: Draft, node: DraftNode) -> Iterator[Finding]:
    if node.kind is None or node.config is None:
        return
    known = draft.table("sources")
    for name in node.kind.sources(node.config):
        if not is_template(name) and name not in known:
            hint = did_you_mean(name, known) or "declare it under 'sources'"
            yield Finding("unknown_source", string_pointer(node, name), f"there is no source {name!r}", hint)


def _paths(node: DraftNode, written: dict[str, DraftNode]) -> Iterator[Finding]:
    if node.kind is None or node.config is None:
        return
    for path in node.kind.static_paths(node.config):
        first = written.setdefault(path, node)
        if first is not node:
            message = f"{path!r} is written by node {first.id!r} already"
            yield Finding("path_written_twice", string_pointer(node, path), message, "give each node its own paths")
        yield from _unsafe(node, path)


def _unsafe(node: DraftNode, path: str) -> Iterator[Finding]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        for problem in error.problems:
            yield Finding("unsafe_path", string_pointer(node, path), problem.rstrip("."))
