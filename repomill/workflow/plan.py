"""A compiled workflow: which node waits for which, on which branch, and what stands inside its loops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from repomill.canonical import Json
from repomill.nodes.base import NodeConfig, NodeKind
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow.graph import Edge, Graph, publishing_edges
from repomill.workflow.instances import parse_instance_path
from repomill.workflow.schedule import Labels, Schedule, Waits
from repomill.workflow.spec import BodySpec, EdgeSpec, NodeSpec, WorkflowSpec

Kinds = Mapping[str, NodeKind[Any]]


@dataclass(frozen=True)
class Plan:
    """The graph as it runs: the stated edges, and one from every node that writes files to every one that publishes."""

    nodes: Mapping[str, NodeSpec]
    graph: Graph
    implied: frozenset[Edge]
    writers: tuple[str, ...]
    """Nodes that may write files; a loop is one when a node of its body is."""
    branches: Mapping[Edge, Labels]
    """The branches that stated edges name."""
    bodies: Mapping[str, "Plan"]
    """Plans of the nodes inside a node, by its id."""
    output: Json = None
    """The `output` of the workflow, or of the body; expressions, not rendered."""

    @property
    def order(self) -> tuple[str, ...]:
        """Every node after all it waits for."""
        return self.graph.order

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Each node's place in `order`."""
        return {node: place for place, node in enumerate(self.order)}

    @cached_property
    def last(self) -> tuple[str, ...]:
        """Nodes that no other waits for: a body without `output` gives what they gave."""
        return tuple(node for node in self.order if not self.successors(node))

    @cached_property
    def waits(self) -> Waits:
        """What schedules count down."""
        edges = {node: len(self.predecessors(node)) for node in self.nodes}
        stated = edges.copy()
        for _, later in self.implied:
            stated[later] -= 1
        return Waits(edges, stated, tuple(node for node, count in edges.items() if not count))

    def predecessors(self, node_id: str) -> tuple[str, ...]:
        """Return the nodes it waits for."""
        return self.graph.predecessors[node_id]

    def successors(self, node_id: str) -> tuple[str, ...]:
        """Return the nodes that wait for it."""
        return self.graph.successors[node_id]

    def ancestors(self, node_id: str) -> frozenset[str]:
        """Return every node that has ended, or was pruned, when it starts."""
        return self.graph.ancestors(node_id)

    def branch_of(self, earlier: str, later: str) -> Labels:
        """Return the branches that the edges between two nodes name; empty for an implied edge, or none."""
        return self.branches.get((earlier, later), frozenset())

    def body(self, node_id: str) -> "Plan":
        """Return the plan of the nodes inside a node; raises KeyError when it has none."""
        return self.bodies[node_id]

    def all_nodes(self) -> Iterator[tuple[tuple[str, ...], NodeSpec]]:
        """Yield every node, those of bodies after the node around them, with the ids that lead to it."""
        for node_id in self.order:
            yield (node_id,), self.nodes[node_id]
            if node_id in self.bodies:
                for inner, node in self.bodies[node_id].all_nodes():
                    yield (node_id, *inner), node

    def instance_order(self, path: str) -> tuple[int, ...]:
        """Return a key that sorts paths of instances: by place in the plan, then by iteration, then inside it.

        Raises:
            KeyError: the path names a node that is not in the plan.
            ValueError: it is no path of an instance.
        """
        key: list[int] = []
        here = self
        for step in parse_instance_path(path):
            key += [here.places[step.node], *(() if step.index is None else (step.index,))]
            here = self if step.index is None else here.body(step.node)
        return tuple(key)

    def schedule(self) -> Schedule:
        """Begin one run."""
        return Schedule(self)


def plan(spec: WorkflowSpec | BodySpec, kinds: Kinds | None = None) -> Plan:
    """Compile a valid specification."""
    kinds = kinds if kinds is not None else registered_kinds()
    configs = {node.id: kinds[node.type].config_model.model_validate(node.config) for node in spec.nodes}
    bodies = dict(_bodies(spec, configs, kinds))
    stated = Graph(tuple(configs), tuple(dict.fromkeys((edge.from_, edge.to) for edge in spec.edges)))
    writers = [node.id for node in spec.nodes if _writes(kinds[node.type], configs[node.id], bodies.get(node.id))]
    publishers = [node.id for node in spec.nodes if kinds[node.type].publishes]
    implied = frozenset(publishing_edges(stated, writers, publishers))
    return Plan(
        nodes={node.id: node for node in spec.nodes},
        graph=stated.extended(sorted(implied)),
        implied=implied,
        writers=tuple(writers),
        branches=_branches(spec.edges),
        bodies=bodies,
        output=spec.output,
    )


def _bodies(
    spec: WorkflowSpec | BodySpec, configs: Mapping[str, NodeConfig], kinds: Kinds
) -> Iterator[tuple[str, Plan]]:
    for node in spec.nodes:
        body = kinds[node.type].body(configs[node.id])
        if body is not None:
            yield node.id, plan(BodySpec.model_validate(body), kinds)


def _branches(edges: tuple[EdgeSpec, ...]) -> Mapping[Edge, Labels]:
    found: dict[Edge, set[str | None]] = {}
    for edge in edges:
        found.setdefault((edge.from_, edge.to), set()).add(edge.branch)
    return {edge: frozenset(labels) for edge, labels in found.items()}


def _writes(kind: NodeKind[Any], config: NodeConfig, body: Plan | None) -> bool:
    return bool(body.writers) if body is not None else kind.writes_files(config)
