"""Checks of the paths of the tree that are known before the run."""

from collections.abc import Iterator

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths
from repomill.workflow._draft import Draft, DraftGraph, DraftNode, string_pointer
from repomill.workflow._exclusive import exclude_each_other
from repomill.workflow.faults import Finding

Place = tuple[DraftGraph, DraftNode]


def check_tree_paths(draft: Draft) -> Iterator[Finding]:
    """Yield faults of paths that a tree must not have, or that are written more than once."""
    written: dict[str, list[Place]] = {}
    for graph in draft.graphs:
        for node in graph.listed:
            if node.understood is not None:
                for path in node.understood[0].static_paths(node.understood[1]):
                    yield from _unsafe(node, path)
                    yield from _again(graph, node, path, written.setdefault(path, []))


def _unsafe(node: DraftNode, path: str) -> Iterator[Finding]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        for problem in error.problems:
            yield Finding("unsafe_path", string_pointer(node, path), problem.rstrip("."))


def _again(graph: DraftGraph, node: DraftNode, path: str, before: list[Place]) -> Iterator[Finding]:
    repeated = next(_repeating(graph), None)
    other = next((place[1] for place in before if not _excluded(place, (graph, node))), None)
    before.append((graph, node))
    if repeated is not None:
        message = f"every iteration of {repeated.id!r} writes {path!r}"
        hint = "make the iteration part of the path, as in '{{ index }}'"
        yield Finding("path_written_twice", string_pointer(node, path), message, hint)
    elif other is not None and other is not node:
        message = f"{path!r} is written by node {other.id!r} already"
        yield Finding("path_written_twice", string_pointer(node, path), message, "give each node its own paths")


def _repeating(graph: DraftGraph) -> Iterator[DraftNode]:
    """Yield the loops around a graph that may run it more than once."""
    for inner in (graph, *graph.enclosing):
        owner = inner.owner
        if owner is not None and owner.understood is not None:
            if owner.understood[0].most_iterations(owner.understood[1]) > 1:
                yield owner


def _excluded(one: Place, other: Place) -> bool:
    """Tell whether two nodes never both run: looked at where they, or the loops around them, stand side by side."""
    for (graph, first), (same, second) in zip(_from_outside(one), _from_outside(other), strict=False):
        if graph is same and first is not second:
            return exclude_each_other(graph, first.id, second.id)
    return False


def _from_outside(place: Place) -> list[Place]:
    graph, node = place
    around = _from_outside((graph.outer, graph.owner)) if graph.outer is not None and graph.owner is not None else []
    return [*around, (graph, node)]
