"""Checks of the paths of the tree that are known before the run."""

from collections import Counter
from collections.abc import Iterator

from repomill.errors import UnsafeTree
from repomill.trees.paths import check_paths
from repomill.workflow._draft import Draft, DraftGraph, DraftNode, string_pointer
from repomill.workflow._taken_paths import Clash, TakenPaths
from repomill.workflow.faults import Finding


def check_tree_paths(draft: Draft) -> Iterator[Finding]:
    """Yield faults of paths that a tree must not have, or not together."""
    taken = TakenPaths()
    for graph in draft.graphs:
        repeated = next(_repeating(graph), None)
        for node in graph.listed:
            times = Counter[str]()
            for path in node.understood[0].static_paths(node.understood[1]) if node.understood is not None else ():
                unsafe = list(_unsafe(node, path))
                yield from unsafe
                clash = None if unsafe else taken.take(graph, node, path)
                if clash is not None and _may_be_apart(clash, node):
                    clash = None
                if repeated is not None:
                    yield _repeated(repeated, node, path)
                elif clash is not None:
                    yield _clashing(clash, node, path, times[path])
                times[path] += 1


def _unsafe(node: DraftNode, path: str) -> Iterator[Finding]:
    try:
        check_paths([path])
    except UnsafeTree as error:
        for problem in error.problems:
            yield Finding("unsafe_path", string_pointer(node, path), problem.rstrip("."))


def _may_be_apart(clash: Clash, node: DraftNode) -> bool:
    """Tell whether a `when` may let only one of two nodes run, whose names differ: equal ones want a router."""
    if clash.name == clash.other or clash.node is node:
        return False
    return any(each.item.get("when", True) is not True for each in (node, clash.node))


def _repeated(loop: DraftNode, node: DraftNode, path: str) -> Finding:
    message = f"every iteration of {loop.id!r} writes {path!r}"
    hint = "make the iteration part of the path, as in '{{ index }}'"
    return Finding("path_written_twice", string_pointer(node, path), message, hint)


def _clashing(clash: Clash, node: DraftNode, path: str, at: int) -> Finding:
    name, other, pointer = clash.name, clash.other, string_pointer(node, path, at)
    if name == other:
        if clash.node is node:
            return Finding(
                "path_written_twice", pointer, f"{path!r} stands twice in this node", "leave one of them out"
            )
        message = f"{path!r} is written by node {clash.node.id!r} already"
        return Finding("path_written_twice", pointer, message, "give each node its own paths")
    whose = f"of node {clash.node.id!r}"
    if name.is_folder is other.is_folder:
        sort = "folder" if name.is_folder else "file"
        message = f"{name.path!r} differs only in case or Unicode form from the {sort} {other.path!r} {whose}"
        return Finding("paths_clash", pointer, message, "spell it the same, or choose another name")
    sorts = ("folder", "file") if name.is_folder else ("file", "folder")
    message = f"{name.path!r} is a {sorts[0]} here, and {other.path!r} {whose} is a {sorts[1]}"
    return Finding("paths_clash", pointer, message, "choose another name for one of them")


def _repeating(graph: DraftGraph) -> Iterator[DraftNode]:
    """Yield the loops around a graph that may run it more than once."""
    for inner in (graph, *graph.enclosing):
        owner = inner.owner
        if owner is not None and owner.understood is not None:
            if owner.understood[0].most_iterations(owner.understood[1]) > 1:
                yield owner
