"""A compiled workflow: which node waits for which, and in what order they become ready."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repomill.nodes.base import NodeKind
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow.graph import Edge, Graph, publishing_edges
from repomill.workflow.spec import NodeSpec, WorkflowSpec


@dataclass(frozen=True)
class Plan:
    """The graph as it runs: the stated edges, and one from every node that writes files to every one that publishes."""

    nodes: Mapping[str, NodeSpec]
    graph: Graph
    implied: frozenset[Edge]
    writers: tuple[str, ...]
    """Nodes that may write files."""

    @property
    def order(self) -> tuple[str, ...]:
        """Every node after all it waits for."""
        return self.graph.order

    def predecessors(self, node_id: str) -> tuple[str, ...]:
        """Return the nodes it waits for."""
        return self.graph.predecessors[node_id]

    def successors(self, node_id: str) -> tuple[str, ...]:
        """Return the nodes that wait for it."""
        return self.graph.successors[node_id]

    def ancestors(self, node_id: str) -> frozenset[str]:
        """Return every node that has completed when it starts."""
        return self.graph.ancestors(node_id)

    def schedule(self) -> "Schedule":
        """Begin one run."""
        return Schedule(self.graph)


class Schedule:
    """One run over a graph: `ready` hands every node out once, after `done` was called for all it waits for."""

    def __init__(self, graph: Graph) -> None:
        self._sorter = graph.sorter()
        self._sorter.prepare()

    def ready(self) -> tuple[str, ...]:
        """Return the nodes that became ready since the last call."""
        return self._sorter.get_ready()

    def done(self, node_id: str) -> None:
        """Say that a node has completed; raises ValueError for one that was not handed out or is done already."""
        self._sorter.done(node_id)

    @property
    def active(self) -> bool:
        """Whether nodes are still to come or to complete."""
        return self._sorter.is_active()


def plan(spec: WorkflowSpec, kinds: Mapping[str, NodeKind[Any]] | None = None) -> Plan:
    """Compile a valid specification."""
    kinds = kinds if kinds is not None else registered_kinds()
    nodes = {node.id: node for node in spec.nodes}
    stated = Graph(tuple(nodes), tuple((edge.from_, edge.to) for edge in spec.edges))
    writers = [node.id for node in spec.nodes if _writes(kinds[node.type], node)]
    publishers = [node.id for node in spec.nodes if kinds[node.type].publishes]
    implied = frozenset(publishing_edges(stated, writers, publishers))
    return Plan(nodes, stated.extended(sorted(implied)), implied, tuple(writers))


def _writes(kind: NodeKind[Any], node: NodeSpec) -> bool:
    return kind.writes_files(kind.config_model.model_validate(node.config))
