"""What the nodes of a graph weigh together at most, whatever a node's weight is: instances, calls, money."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow._exclusive import alternatives


class Weight(Protocol):
    """A number that stands for how much something is."""

    def __add__(self, other: Self, /) -> Self: ...

    def __mul__(self, count: int, /) -> Self: ...

    def __lt__(self, other: Self, /) -> bool: ...


WeightT = TypeVar("WeightT", bound=Weight)


def everything(_node: DraftNode) -> bool:
    """Let every node count."""
    return True


def most(
    graph: DraftGraph,
    weight: Callable[[DraftNode], WeightT],
    nothing: WeightT,
    counts: Callable[[DraftNode], bool] = everything,
) -> WeightT:
    """Return the weight of the dearest nodes that can run together, bodies as often as their loop may run.

    What does not count weighs nothing, and so does what stands inside it.
    """
    weights = {
        node.id: weight(node) + _inside(graph, node, weight, nothing, counts) if counts(node) else nothing
        for node in graph.nodes.values()
    }
    return _Dearest(weights, alternatives(graph), graph.places, nothing).of(frozenset(weights))


def times_inside(node: DraftNode) -> int:
    """Return how often the nodes inside one run at most."""
    kind, config = node.understood or (None, None)
    return kind.most_iterations(config) if kind is not None else 0


def _inside(
    graph: DraftGraph,
    node: DraftNode,
    weight: Callable[[DraftNode], WeightT],
    nothing: WeightT,
    counts: Callable[[DraftNode], bool],
) -> WeightT:
    if node.pointer not in graph.bodies:
        return nothing
    return most(graph.bodies[node.pointer], weight, nothing, counts) * times_inside(node)


@dataclass(frozen=True, slots=True)
class _Dearest(Generic[WeightT]):
    """The weight of the dearest nodes that can run together.

    Never too little: a run takes one group of every choice. It may be too much where choices depend on each other.
    """

    weights: Mapping[str, WeightT]
    choices: Mapping[str, list[frozenset[str]]]
    places: Mapping[str, int]
    nothing: WeightT

    def of(self, nodes: frozenset[str]) -> WeightT:
        """Follow the choices among these nodes, from the first."""
        left, total = set(nodes), self.nothing
        for chooser in sorted(nodes & self.choices.keys(), key=self.places.__getitem__):
            groups = [group & left for group in self.choices[chooser]]
            total += max(map(self.of, groups), default=self.nothing)
            left.difference_update(*groups)
        return sum((self.weights[node] for node in left), total)
