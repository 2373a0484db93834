"""Which nodes can never both run, since they stand on branches of which at most one is taken."""

from collections import Counter
from collections.abc import Iterator

from repomill.workflow._checks_branches import branch_sets, may_branch_on_error
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


def alternatives(graph: DraftGraph, node: DraftNode) -> list[frozenset[str]]:
    """Return for each way a node can end the nodes that run only then; empty when there is but one way."""
    outcomes = tuple(_outcomes(node))
    if len(outcomes) == 1:
        return []
    running = [_may_run(graph, node.id, outcome) for outcome in outcomes]
    counts = Counter(name for names in running for name in names)
    return [frozenset(name for name in names if counts[name] == 1) for names in running]


def _outcomes(node: DraftNode) -> Iterator[Labels]:
    """Yield the sets of labels that can be live out of a node, of one that another contains only the larger."""
    yield from (frozenset({None, *together}) for together in branch_sets(node))
    if may_branch_on_error(node):
        yield frozenset({ERROR_BRANCH})


def _may_run(graph: DraftGraph, chooser: str, live: Labels) -> set[str]:
    """Return the nodes that can run when one node's live labels are these; all others' may all be live."""
    found: set[str] = set()
    for node in graph.ordered.order:
        edges = graph.edges_into[node]
        if not edges or any(earlier in found and (earlier != chooser or label in live) for earlier, label in edges):
            found.add(node)
    return found
