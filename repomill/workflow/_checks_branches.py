"""Checks of branches: an edge takes one that its node offers, and every one offered is taken by an edge."""

from collections.abc import Iterator, Mapping

from repomill.workflow._draft import Draft, DraftEdge, DraftGraph, DraftNode, string_pointer
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import child
from repomill.workflow.spec import ERROR_BRANCH, OnError


def check_branches(draft: Draft) -> Iterator[Finding]:
    """Yield faults of branches."""
    for graph in draft.graphs:
        offered = {node.id: dict.fromkeys(offered_branches(node)) for node in graph.nodes.values()}
        for edge in graph.edges:
            if edge.branch is not None and edge.earlier in graph.nodes:
                yield from _taken(graph.nodes[edge.earlier], edge, edge.branch, offered[edge.earlier])
        taken = {(edge.earlier, edge.branch) for edge in graph.edges}
        for node in graph.nodes.values():
            yield from _offered(graph, node, taken)


def may_branch_on_error(node: DraftNode) -> bool:
    """Tell whether the node offers the branch `error`."""
    return node.item.get("on_error") == OnError.BRANCH


def offered_branches(node: DraftNode) -> tuple[str, ...]:
    """Return the branches a node may choose, as far as they are known."""
    return node.understood[0].branches(node.understood[1]) if node.understood is not None else ()


def branch_sets(node: DraftNode) -> tuple[frozenset[str], ...]:
    """Return the largest sets of branches that may be taken together, as far as they are known."""
    return node.understood[0].branch_sets(node.understood[1]) if node.understood is not None else (frozenset(),)


def _taken(node: DraftNode, edge: DraftEdge, branch: str, offered: Mapping[str, None]) -> Iterator[Finding]:
    pointer = child(edge.pointer, "branch")
    if branch == ERROR_BRANCH:
        if not may_branch_on_error(node):
            message = f"node {node.id!r} does not branch when it fails"
            yield Finding("error_branch_not_offered", pointer, message, f"add 'on_error: branch' to {node.id!r}")
    elif node.understood is not None:
        if not offered:
            message = f"node {node.id!r} of type {node.type!r} has no branches"
            yield Finding("no_branches", pointer, message, "leave 'branch' out, or put a 'router' between")
        elif branch not in offered:
            message = f"node {node.id!r} has no branch {branch!r}"
            yield Finding("unknown_branch", pointer, message, did_you_mean(branch, offered))


def _offered(graph: DraftGraph, node: DraftNode, taken: set[tuple[str, str | None]]) -> Iterator[Finding]:
    if may_branch_on_error(node) and (node.id, ERROR_BRANCH) not in taken:
        message = f"no edge takes the branch 'error' of node {node.id!r}, so its failure would be lost"
        hint = f"add an edge {{from: {node.id}, to: …, branch: error}}, or write 'on_error: continue'"
        yield Finding("branch_without_edge", child(node.pointer, "on_error"), message, hint)
    for branch in offered_branches(node):
        if branch == ERROR_BRANCH:
            message = "'error' is the branch of a node that failed"
            yield Finding("reserved_name", string_pointer(node, branch), message, "choose another name")
        elif (node.id, branch) not in taken and not _ends_the_choice(node):
            message = f"no edge takes the branch {branch!r} of node {node.id!r}"
            hint = f"add an edge {{from: {node.id}, to: …, branch: {branch}}}, or leave the branch out"
            yield Finding("branch_without_edge", string_pointer(node, branch), message, hint)


def _ends_the_choice(node: DraftNode) -> bool:
    """Where at most one branch is taken, one without edges keeps the later ones from being taken."""
    return all(len(together) == 1 for together in branch_sets(node))
