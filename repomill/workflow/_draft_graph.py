"""The nodes and edges of a document under validation: those of the workflow, or of the body of a loop."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from repomill.nodes.base import NodeConfig, NodeKind
from repomill.workflow.graph import Graph, publishing_edges
from repomill.workflow.pointers import child

Kinds = Mapping[str, NodeKind[Any]]

MAX_CYCLES = 25
"""Finding one cycle costs the whole graph; nobody mends more of them at once."""


@dataclass(frozen=True, slots=True)
class DraftNode:
    """A node with an id; `kind` and `config` are None where they could not be understood.

    `item` is the node as it stands in the text, `raw` its configuration.
    """

    pointer: str
    id: str
    type: str
    item: Mapping[str, Any]
    raw: Mapping[str, Any]
    kind: NodeKind[Any] | None = None
    config: NodeConfig | None = None
    errors: tuple[ErrorDetails, ...] = ()

    @property
    def config_pointer(self) -> str:
        """Where the configuration stands."""
        return child(self.pointer, "config")

    @property
    def publishes(self) -> bool:
        """Whether the node needs the finished tree."""
        return self.kind is not None and self.kind.publishes

    @property
    def understood(self) -> tuple[NodeKind[Any], NodeConfig] | None:
        """Kind and configuration, where both are known."""
        return (self.kind, self.config) if self.kind is not None and self.config is not None else None

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What stands inside the node, whatever may be wrong around it."""
        inner = self.raw.get(self.kind.body_key) if self.kind is not None and self.kind.body_key else None
        return inner if isinstance(inner, dict) else None

    @property
    def body_names(self) -> tuple[str, ...] | None:
        """Names that expressions inside see; None when they cannot be told."""
        return self.kind.body_names(self.config) if self.kind is not None and self.config is not None else None


@dataclass(frozen=True, slots=True)
class DraftEdge:
    """An edge whose two ends are text."""

    pointer: str
    earlier: str
    later: str
    branch: str | None = None


@dataclass(frozen=True, eq=False)
class DraftGraph:
    """Nodes and edges that stand together; `owner` is the node around them, a node of `outer`."""

    pointer: str
    data: Mapping[str, Any]
    kinds: Kinds
    listed: tuple[DraftNode, ...]
    edges: tuple[DraftEdge, ...]
    owner: DraftNode | None = None
    outer: "DraftGraph | None" = field(default=None, repr=False)

    @cached_property
    def nodes(self) -> Mapping[str, DraftNode]:
        """Nodes by id; of two with one id, the first."""
        return {node.id: node for node in reversed(self.listed)}

    @cached_property
    def bodies(self) -> Mapping[str, "DraftGraph"]:
        """Graphs inside nodes, by the pointer of the node."""
        return {node.pointer: _body(self, node) for node in self.listed if node.body is not None}

    @cached_property
    def enclosing(self) -> tuple["DraftGraph", ...]:
        """The graphs around this one, the nearest first."""
        return (self.outer, *self.outer.enclosing) if self.outer is not None else ()

    def inside(self) -> Iterator["DraftGraph"]:
        """Yield this graph and all within it."""
        yield self
        for body in self.bodies.values():
            yield from body.inside()

    @cached_property
    def names(self) -> frozenset[str] | None:
        """Names that loops around give; None when one of them cannot be told."""
        if self.owner is None or self.outer is None:
            return frozenset()
        own, others = self.owner.body_names, self.outer.names
        return None if own is None or others is None else others | set(own)

    def writes_files(self, node: DraftNode) -> bool:
        """Tell whether a node, or one inside it, may add files, as far as it is known."""
        if node.pointer in self.bodies:
            body = self.bodies[node.pointer]
            return any(body.writes_files(inner) for inner in body.listed)
        return node.understood is not None and node.understood[0].writes_files(node.understood[1])

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
        writers = [node.id for node in self.nodes.values() if self.writes_files(node)]
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

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each node's place in the order."""
        return {node: place for place, node in enumerate(self.ordered.order)}

    @cached_property
    def edges_into(self) -> Mapping[str, list[tuple[str, str | None]]]:
        """Earlier nodes and branches by the later node, of edges between nodes that exist."""
        found: dict[str, list[tuple[str, str | None]]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            if edge.later in found and edge.earlier in found:
                found[edge.later].append((edge.earlier, edge.branch))
        return found

    def edge_pointer(self, earlier: str, later: str) -> str:
        """Return where an edge stands."""
        return next(edge.pointer for edge in self.edges if (edge.earlier, edge.later) == (earlier, later))

    def comes_before(self, earlier: str, later: str) -> bool:
        """Tell whether a node has ended when another starts; on a cycle every one of it comes before the others."""
        tangled = any(earlier in cycle and later in cycle for cycle in self.cycles)
        return tangled or self.graph.is_ancestor(earlier, later)


def read_graph(
    data: Mapping[str, Any],
    kinds: Kinds,
    pointer: str = "",
    owner: DraftNode | None = None,
    outer: DraftGraph | None = None,
) -> DraftGraph:
    """Understand what can be understood of the `nodes` and `edges` of an object that stands at the pointer."""
    nodes = tuple(_nodes(data, kinds, pointer))
    return DraftGraph(pointer, data, kinds, nodes, tuple(_edges(data, pointer)), owner, outer)


def objects(data: Mapping[str, Any], key: str, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a list, with their pointers."""
    listed = data.get(key)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict):
            yield child(pointer, key, index), item


def _body(graph: DraftGraph, node: DraftNode) -> DraftGraph:
    assert node.kind is not None  # noqa: S101  # only a kind has a body
    pointer = child(node.config_pointer, node.kind.body_key)
    return read_graph(node.body or {}, graph.kinds, pointer, node, graph)


def _nodes(data: Mapping[str, Any], kinds: Kinds, pointer: str) -> Iterator[DraftNode]:
    for place, item in objects(data, "nodes", pointer):
        node_id, type_name, raw = item.get("id"), item.get("type"), item.get("config", {})
        if isinstance(node_id, str):
            yield _node(place, node_id, kinds.get(type_name) if isinstance(type_name, str) else None, item, raw)


def _node(pointer: str, node_id: str, kind: NodeKind[Any] | None, item: Mapping[str, Any], raw: object) -> DraftNode:
    type_name = str(item.get("type"))
    if not isinstance(raw, dict):
        return DraftNode(pointer, node_id, type_name, item, {}, kind)
    if kind is None:
        return DraftNode(pointer, node_id, type_name, item, raw)
    try:
        return DraftNode(pointer, node_id, type_name, item, raw, kind, kind.config_model.model_validate(raw))
    except ValidationError as error:
        return DraftNode(pointer, node_id, type_name, item, raw, kind, None, tuple(error.errors(include_url=False)))


def _edges(data: Mapping[str, Any], pointer: str) -> Iterator[DraftEdge]:
    for place, item in objects(data, "edges", pointer):
        earlier, later, branch = item.get("from"), item.get("to"), item.get("branch")
        if isinstance(earlier, str) and isinstance(later, str):
            yield DraftEdge(place, earlier, later, branch if isinstance(branch, str) else None)
