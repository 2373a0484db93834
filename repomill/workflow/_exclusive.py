"""Which nodes can never both run, since they stand on branches of which at most one is taken."""

from collections.abc import Iterator

from repomill.workflow._checks_branches import may_branch_on_error, offered_branches
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow.schedule import Labels
from repomill.workflow.spec import ERROR_BRANCH


def exclude_each_other(graph: DraftGraph, one: str, other: str) -> bool:
    """Tell whether some node of the graph decides that only one of the two, or none, runs."""
    return any(
        all(not {one, other} <= _may_run(graph, node.id, outcome) for outcome in outcomes)
        for node in graph.nodes.values()
        if len(outcomes := tuple(_outcomes(node))) > 1
    )


def _outcomes(node: DraftNode) -> Iterator[Labels]:
    """Yield the sets of labels that can be live out of a node, of one that another contains only the larger."""
    branches = offered_branches(node)
    if node.understood is not None and node.understood[0].takes_one_branch(node.understood[1]):
        yield from (frozenset({None, branch}) for branch in branches)
    else:
        yield frozenset({None, *branches})
    if may_branch_on_error(node):
        yield frozenset({ERROR_BRANCH})


def _may_run(graph: DraftGraph, chooser: str, live: Labels) -> set[str]:
    """Return the nodes that can run when one node's live labels are these; all others' may all be live."""
    found: set[str] = set()
    into: dict[str, list[tuple[str, str | None]]] = {node: [] for node in graph.nodes}
    for edge in graph.edges:
        if edge.later in into:
            into[edge.later].append((edge.earlier, edge.branch))
    for node in graph.ordered.order:
        edges = into[node]
        if not edges or any(earlier in found and (earlier != chooser or label in live) for earlier, label in edges):
            found.add(node)
    return found
