"""What can be understood of a specification that may have faults, so that one fault hides no other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from repomill.nodes.base import NodeConfig, NodeKind
from repomill.workflow._config_strings import map_strings
from repomill.workflow.graph import Graph, publishing_edges
from repomill.workflow.pointers import child

Kinds = Mapping[str, NodeKind[Any]]

MAX_CYCLES = 25
"""Finding one cycle costs the whole graph; nobody mends more of them at once."""


@dataclass(frozen=True, slots=True)
class DraftNode:
    """A node with an id; `kind` and `config` are None where they could not be understood."""

    pointer: str
    id: str
    type: str
    raw: Mapping[str, Any]
    kind: NodeKind[Any] | None = None
    config: NodeConfig | None = None
    errors: tuple[ErrorDetails, ...] = ()

    @property
    def config_pointer(self) -> str:
        """Where the configuration stands."""
        return child(self.pointer, "config")

    @property
    def writes_files(self) -> bool:
        """Whether the node may add files, as far as it is known."""
        return self.kind is not None and self.config is not None and self.kind.writes_files(self.config)

    @property
    def publishes(self) -> bool:
        """Whether the node needs the finished tree."""
        return self.kind is not None and self.kind.publishes


@dataclass(frozen=True, slots=True)
class DraftEdge:
    """An edge whose two ends are text."""

    pointer: str
    earlier: str
    later: str


@dataclass(frozen=True)
class Draft:
    """A document under validation; `folder` holds the specification, None when it came without one."""

    data: Mapping[str, Any]
    listed: tuple[DraftNode, ...]
    edges: tuple[DraftEdge, ...]
    kinds: Kinds
    folder: Path | None

    @cached_property
    def nodes(self) -> Mapping[str, DraftNode]:
        """Nodes by id; of two with one id, the first."""
        return {node.id: node for node in reversed(self.listed)}

    @cached_property
    def stated(self) -> Graph:
        """The edges of the specification between nodes that exist, cycles and all."""
        pairs = ((edge.earlier, edge.later) for edge in self.edges)
        kept = dict.fromkeys(pair for pair in pairs if set(pair) <= self.nodes.keys() and pair[0] != pair[1])
        return Graph(tuple(dict.fromkeys(node.id for node in self.listed)), tuple(kept))

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Cycles that share no closing edge, each as nodes along its edges; the last edge leads back to the first."""
        return self._untangled[0]

    @cached_property
    def ordered(self) -> Graph:
        """The graph with its cycles cut, before publishing edges are added."""
        return self._untangled[1]

    @cached_property
    def graph(self) -> Graph:
        """The graph as it will run."""
        writers = [node.id for node in self.nodes.values() if node.writes_files]
        publishers = [node.id for node in self.nodes.values() if node.publishes]
        return self.ordered.extended(tuple(publishing_edges(self.ordered, writers, publishers)))

    @cached_property
    def _untangled(self) -> tuple[tuple[tuple[str, ...], ...], Graph]:
        numbers = {(edge.earlier, edge.later): number for number, edge in enumerate(self.edges)}
        graph = self.stated
        cycles: list[tuple[str, ...]] = []
        while cycle := graph.first_cycle():
            if len(cycles) == MAX_CYCLES:
                places = {node: place for place, node in enumerate(graph.nodes)}
                return tuple(cycles), Graph(graph.nodes, tuple(e for e in graph.edges if places[e[0]] < places[e[1]]))
            # The edge that stands last in the text closes the cycle: that is where people look first.
            pairs = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
            closing = max(range(len(pairs)), key=lambda at: numbers[pairs[at]])
            graph = graph.without(pairs[closing])
            cycles.append((*cycle[closing + 1 :], *cycle[: closing + 1]))
        return tuple(cycles), graph

    def edge_pointer(self, earlier: str, later: str) -> str:
        """Return where an edge stands."""
        return next(edge.pointer for edge in self.edges if (edge.earlier, edge.later) == (earlier, later))

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a top-level object, empty when it is absent or something else."""
        value = self.data.get(key)
        return value if isinstance(value, dict) else {}


def draft(data: Mapping[str, Any], kinds: Kinds, folder: Path | None) -> Draft:
    """Understand what can be understood."""
    return Draft(data, tuple(_nodes(data, kinds)), tuple(_edges(data)), kinds, folder)


def string_pointer(node: DraftNode, name: str) -> str:
    """Return the place of a name a kind spoke of: the string it is, or ends with (`into` stands before a path)."""
    places: list[tuple[int, str]] = [(0, node.config_pointer)]

    def visit(text: str, pointer: str) -> str:
        if text and (name == text or name.endswith(f"/{text}")):
            places.append((len(text), pointer))
        return text

    map_strings(dict(node.raw), visit, (), node.config_pointer)
    return max(places, key=lambda place: place[0])[1]


def objects(data: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a top-level list with their pointers."""
    listed = data.get(key)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict):
            yield child("", key, index), item


def _nodes(data: Mapping[str, Any], kinds: Kinds) -> Iterator[DraftNode]:
    for pointer, item in objects(data, "nodes"):
        node_id, type_name, raw = item.get("id"), item.get("type"), item.get("config", {})
        if isinstance(node_id, str):
            yield _node(pointer, node_id, kinds.get(type_name) if isinstance(type_name, str) else None, item, raw)


def _node(pointer: str, node_id: str, kind: NodeKind[Any] | None, item: Mapping[str, Any], raw: object) -> DraftNode:
    type_name = str(item.get("type"))
    if not isinstance(raw, dict):
        return DraftNode(pointer, node_id, type_name, {}, kind)
    if kind is None:
        return DraftNode(pointer, node_id, type_name, raw)
    try:
        return DraftNode(pointer, node_id, type_name, raw, kind, kind.config_model.model_validate(raw))
    except ValidationError as error:
        return DraftNode(pointer, node_id, type_name, raw, kind, None, tuple(error.errors(include_url=False)))


def _edges(data: Mapping[str, Any]) -> Iterator[DraftEdge]:
    for pointer, item in objects(data, "edges"):
        earlier, later = item.get("from"), item.get("to")
        if isinstance(earlier, str) and isinstance(later, str):
            yield DraftEdge(pointer, earlier, later)
