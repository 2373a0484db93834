"""A directed graph of node ids: order, cycles, and who comes before whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

Edge = tuple[str, str]


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of the specification, and edges `(earlier, later)` between them."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def predecessors(self) -> Mapping[str, tuple[str, ...]]:
        """Node ids by the node that waits for them."""
        return _grouped(self.nodes, ((later, earlier) for earlier, later in self.edges))

    @cached_property
    def successors(self) -> Mapping[str, tuple[str, ...]]:
        """Node ids by the node they wait for."""
        return _grouped(self.nodes, self.edges)

    def sorter(self) -> TopologicalSorter[str]:
        """Return the standard library's sorter over this graph, not yet prepared."""
        return TopologicalSorter(self.predecessors)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every node after its predecessors; raises `graphlib.CycleError`."""
        return tuple(self.sorter().static_order())

    def first_cycle(self) -> tuple[str, ...]:
        """Return one cycle as nodes in the direction of its edges, `()` when there is none."""
        try:
            self.sorter().prepare()
        except CycleError as error:
            # graphlib repeats the first node at the end, and walks along the edges.
            return tuple(error.args[1][:-1])
        return ()

    def without(self, edge: Edge) -> "Graph":
        """Return the graph less one edge."""
        return Graph(self.nodes, tuple(kept for kept in self.edges if kept != edge))

    def extended(self, edges: Iterable[Edge]) -> "Graph":
        """Return the graph with more edges."""
        return Graph(self.nodes, (*self.edges, *edges))

    def is_ancestor(self, earlier: str, later: str) -> bool:
        """Tell whether a path leads from the one to the other; the graph must have no cycle."""
        return bool(self._masks[later] >> self._numbers[earlier] & 1)

    def ancestors(self, node: str) -> frozenset[str]:
        """Return every node from which a path leads here; the graph must have no cycle."""
        mask = self._masks[node]
        return frozenset(other for other, number in self._numbers.items() if mask >> number & 1)

    def reachable_from(self, start: str) -> frozenset[str]:
        """Return a node and all that can follow it."""
        found, waiting = {start}, [start]
        while waiting:
            for later in self.successors[waiting.pop()]:
                if later not in found:
                    found.add(later)
                    waiting.append(later)
        return frozenset(found)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def _masks(self) -> Mapping[str, int]:
        """Ancestors as bit masks: sets of names would take quadratic time and memory on long chains."""
        masks: dict[str, int] = {}
        for node in self.order:
            mask = 0
            for earlier in self.predecessors[node]:
                mask |= masks[earlier] | 1 << self._numbers[earlier]
            masks[node] = mask
        return masks


def publishing_edges(graph: Graph, writers: Iterable[str], publishers: Iterable[str]) -> Iterator[Edge]:
    """Yield the edges nobody has to write: a node that needs the finished tree follows every node that writes to it.

    Pairs that are already ordered, either way, are left alone.
    """
    writers = tuple(writers)
    for publisher in publishers:
        for writer in writers:
            ordered = graph.is_ancestor(writer, publisher) or graph.is_ancestor(publisher, writer)
            if writer != publisher and not ordered:
                yield writer, publisher


def _grouped(nodes: Iterable[str], pairs: Iterable[Edge]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, dict[str, None]] = {node: {} for node in nodes}
    for key, value in pairs:
        groups[key][value] = None
    return {key: tuple(values) for key, values in groups.items()}
