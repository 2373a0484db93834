"""Which nodes can never both run, since they stand on branches of which only one is taken."""

from collections.abc import Iterator, Mapping
from typing import Final

from repomill.workflow._checks_branches import branch_sets, may_branch_on_error
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow.spec import ERROR_BRANCH

Outcomes = Mapping[str, int]
"""Ways in which other nodes end, by their ids, a bit for each; what is not there may end in any way."""

NO_OUTCOMES: Outcomes = {}


def outcomes(graph: DraftGraph) -> Mapping[str, Outcomes]:
    """Return for each node the ways in which those before it must have ended for it to run.

    One pass over the edges: where ways meet again they are told apart no longer, so what is kept of each node is as
    much as choices stand inside each other around it.
    """
    ways = {name: _label_masks(node) for name, node in graph.nodes.items()}
    found: dict[str, Outcomes] = {}
    for node in graph.ordered.order:
        edges = [_along(found, ways, earlier, label) for earlier, label in graph.edges_into[node]]
        found[node] = edges[0] if len(edges) == 1 else dict(_met(edges, ways))
    return found


def completed(node: DraftNode, before: Outcomes) -> Outcomes:
    """Return what must have happened for a node's output to be there: besides what let it run, it did not fail."""
    labels, everything = _label_masks(node)
    return before if labels[None] == everything else {**before, node.id: labels[None]}


def exclude_each_other(one: Outcomes, other: Outcomes) -> bool:
    """Tell whether two nodes run after different ways only in which some third one can end."""
    return any(chooser in other and not mask & other[chooser] for chooser, mask in one.items())


def alternatives(graph: DraftGraph) -> Mapping[str, list[frozenset[str]]]:
    """Return, by the nodes that have several ways to end, the nodes that run after one only, together by the way."""
    groups: dict[str, dict[int, set[str]]] = {}
    for node, ways in outcomes(graph).items():
        for chooser, mask in ways.items():
            if mask.bit_count() == 1:
                groups.setdefault(chooser, {}).setdefault(mask, set()).add(node)
    return {chooser: [frozenset(group) for group in by_way.values()] for chooser, by_way in groups.items()}


_Ways = tuple[Mapping[str | None, int], int]
_ONE_WAY: Final = 1


def _along(found: Mapping[str, Outcomes], ways: Mapping[str, _Ways], earlier: str, label: str | None) -> Outcomes:
    """Return what must have happened for an edge to be live; one that closes a cycle tells nothing."""
    labels, everything = ways[earlier]
    mask = labels.get(label, 0)
    before = found.get(earlier, NO_OUTCOMES)
    return before if everything in {mask, _ONE_WAY} else {**before, earlier: mask}


def _met(edges: list[Outcomes], ways: Mapping[str, _Ways]) -> Iterator[tuple[str, int]]:
    for chooser in min(edges, key=len, default=NO_OUTCOMES):
        if all(chooser in edge for edge in edges):
            mask = 0
            for edge in edges:
                mask |= edge[chooser]
            if mask != ways[chooser][1]:
                yield chooser, mask


def _label_masks(chooser: DraftNode) -> _Ways:
    """Number the ways a node can end; return the bits of each label of its edges, and those of all ways."""
    ends = [frozenset({None, *together}) for together in branch_sets(chooser)]
    if may_branch_on_error(chooser):
        ends.append(frozenset({ERROR_BRANCH}))
    masks: dict[str | None, int] = {}
    for at, end in enumerate(ends):
        for label in end:
            masks[label] = masks.get(label, 0) | 1 << at
    return masks, (1 << len(ends)) - 1
