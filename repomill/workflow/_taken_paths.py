"""The paths that nodes of a draft take, and which of them a tree could not have together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from repomill.trees.paths import folders_above, name_key
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow._exclusive import Outcomes, outcomes


class Name(NamedTuple):
    """A file, or a folder that a file needs, as it is spelled."""

    path: str
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """A name that cannot be beside `other`, which `node` took before."""

    name: Name
    other: Name
    node: DraftNode


@dataclass(slots=True)
class _Writers:
    """Nodes by number, and for each the set of those that never run when it does."""

    nodes: list[DraftNode] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _graphs: list[DraftGraph] = field(default_factory=list)
    _outcomes: dict[str, Mapping[str, Outcomes]] = field(default_factory=dict)
    _depending: dict[tuple[str, str], int] = field(default_factory=dict)
    """By graph and node that chooses, the nodes that run only after some of its ways."""
    _after: dict[tuple[str, str, int], int] = field(default_factory=dict)
    """And by the way, those that run after it."""
    _sorted: int = 0
    _excluded: dict[int, int] = field(default_factory=dict)

    def number(self, graph: DraftGraph, node: DraftNode) -> int:
        """Return the node's number, a new one for a new node."""
        if node.pointer not in self._numbers:
            self._numbers[node.pointer] = len(self.nodes)
            self.nodes.append(node)
            self._graphs.append(graph)
        return self._numbers[node.pointer]

    def excluded(self, number: int) -> int:
        """Return those among the nodes numbered so far that never run when this one does."""
        if number not in self._excluded:
            self._sort()
            self._excluded[number] = self._never_with(number)
        return self._excluded[number]

    def _never_with(self, number: int) -> int:
        found = 0
        for graph, chooser, mask in self._ways(number):
            together = 0
            for way in _bits(mask):
                together |= self._after.get((graph, chooser, way), 0)
            found |= self._depending.get((graph, chooser), 0) & ~together
        return found

    def _sort(self) -> None:
        """Take up the nodes that were numbered since; most workflows never come here."""
        for number in range(self._sorted, len(self.nodes)):
            for graph, chooser, mask in self._ways(number):
                self._depending[graph, chooser] = self._depending.get((graph, chooser), 0) | 1 << number
                for way in _bits(mask):
                    self._after[graph, chooser, way] = self._after.get((graph, chooser, way), 0) | 1 << number
        self._sorted = len(self.nodes)

    def _ways(self, number: int) -> Iterator[tuple[str, str, int]]:
        """Yield what must have happened around a node, and around the loops that it stands in."""
        inner, node = self._graphs[number], self.nodes[number]
        for graph in (inner, *inner.enclosing):
            if graph.pointer not in self._outcomes:
                self._outcomes[graph.pointer] = outcomes(graph)
            for chooser, mask in self._outcomes[graph.pointer].get(node.id, {}).items():
                yield graph.pointer, chooser, mask
            node = graph.owner or node


@dataclass(slots=True)
class TakenPaths:
    """Paths in the order in which they are taken, by nodes that may run together or not.

    Sets of nodes are bits of numbers: comparing each node with each takes seconds where one router has many branches.
    """

    _writers: _Writers = field(default_factory=_Writers)
    _taken: dict[str, dict[Name, int]] = field(default_factory=dict)

    def take(self, graph: DraftGraph, node: DraftNode, path: str) -> Clash | None:
        """Let a node have a path; return what it clashes with, the first of several."""
        number = self._writers.number(graph, node)
        clashes = [self._take(number, name) for name in _names(path)]
        return next((clash for clash in clashes if clash is not None), None)

    def _take(self, number: int, name: Name) -> Clash | None:
        taken = self._taken.setdefault(name_key(name.path), {})
        others = [other for other in taken if not (name.is_folder and other == name)]
        nodes = 0
        for other in others:
            nodes |= taken[other]
        nodes = nodes and nodes & ~self._writers.excluded(number)
        taken[name] = taken.get(name, 0) | 1 << number
        if not nodes:
            return None
        first = nodes & -nodes
        other = next(other for other in others if taken[other] & first)
        return Clash(name, other, self._writers.nodes[first.bit_length() - 1])


def _names(path: str) -> Iterator[Name]:
    yield Name(path)
    for folder in folders_above(path):
        yield Name(folder, is_folder=True)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield mask & -mask
        mask &= mask - 1
