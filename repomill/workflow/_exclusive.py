"""Which nodes can never both run, since they stand on branches of which only one is taken."""

from collections.abc import Mapping
from heapq import heappop, heappush

from repomill.workflow._checks_branches import branch_sets, may_branch_on_error
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow.spec import ERROR_BRANCH


def exclude_each_other(graph: DraftGraph, one: str, other: str) -> bool:
    """Tell whether some node of the graph decides that only one of the two, or none, runs."""
    for node in graph.nodes.values():
        masks = _outcomes_by_node(graph, node)
        if one in masks and other in masks and not masks[one] & masks[other]:
            return True
    return False


def alternatives(graph: DraftGraph, node: DraftNode) -> list[frozenset[str]]:
    """Return for each way a node can end the nodes that run only then; empty when there is but one way."""
    groups: dict[int, set[str]] = {}
    for name, mask in _outcomes_by_node(graph, node).items():
        if mask.bit_count() == 1:
            groups.setdefault(mask, set()).add(name)
    return [frozenset(group) for group in groups.values()]


def _outcomes_by_node(graph: DraftGraph, chooser: DraftNode) -> Mapping[str, int]:
    """Return for nodes that run after some ways only in which the chooser can end, a bit for each such way.

    The search goes no further than the nodes where all ways meet again.
    """
    labels, everything = _label_masks(chooser)
    masks: dict[str, int] = {}
    waiting = _Ordered(graph)
    if everything != 1:
        waiting.add_after(chooser.id)
    while (node := waiting.next()) is not None:
        mask = 0
        for earlier, label in graph.edges_into[node]:
            mask |= labels.get(label, 0) if earlier == chooser.id else masks.get(earlier, everything)
        if mask != everything:
            masks[node] = mask
            waiting.add_after(node)
    return masks


def _label_masks(chooser: DraftNode) -> tuple[Mapping[str | None, int], int]:
    """Number the ways a node can end; return the bits of each label of its edges, and those of all ways."""
    outcomes = [frozenset({None, *together}) for together in branch_sets(chooser)]
    if may_branch_on_error(chooser):
        outcomes.append(frozenset({ERROR_BRANCH}))
    masks: dict[str | None, int] = {}
    for at, outcome in enumerate(outcomes):
        for label in outcome:
            masks[label] = masks.get(label, 0) | 1 << at
    return masks, (1 << len(outcomes)) - 1


class _Ordered:
    """Hands nodes out in the order of the graph, each once."""

    def __init__(self, graph: DraftGraph) -> None:
        self._graph = graph
        self._heap: list[tuple[int, str]] = []
        self._seen: set[str] = set()

    def add_after(self, node: str) -> None:
        """Add the nodes that wait for one."""
        for later in self._graph.ordered.successors[node]:
            if later not in self._seen:
                self._seen.add(later)
                heappush(self._heap, (self._graph.places[later], later))

    def next(self) -> str | None:
        """Return the next one, None when there is none."""
        return heappop(self._heap)[1] if self._heap else None
