"""How much a workflow can come to at most, told before anything runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from repomill.nodes.base import NodeKind
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow._draft import DraftGraph, DraftNode, draft
from repomill.workflow._exclusive import alternatives
from repomill.workflow.digests import workflow_document
from repomill.workflow.spec import RetrySpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class Bound:
    """The worst case of one run: `nodes` counts instances, `model_calls` also those of repairs and further tries."""

    nodes: int
    model_calls: int


def bound(spec: WorkflowSpec, kinds: Mapping[str, NodeKind[Any]] | None = None) -> Bound:
    """Return the worst case of a valid specification.

    Bodies count as often as their loop may run. Of nodes that exclude each other (branches of a router that takes the
    first, the branch `error` and the others) the dearest group counts.
    """
    document: Any = workflow_document(spec)
    graph = draft(document, kinds if kinds is not None else registered_kinds(), None).root
    return Bound(_most(graph, _instances), _most(graph, _calls))


Weight = Callable[[DraftNode], int]


def _instances(_node: DraftNode) -> int:
    return 1


def _calls(node: DraftNode) -> int:
    kind, config = node.understood or (None, None)
    tries = RetrySpec.model_validate(node.item.get("retry", {})).attempts
    return tries * kind.most_model_calls(config) if kind is not None else 0


def _most(graph: DraftGraph, weight: Weight) -> int:
    weights = {node.id: weight(node) + _inside(graph, node, weight) for node in graph.nodes.values()}
    choices = {name: groups for name, node in graph.nodes.items() if (groups := alternatives(graph, node))}
    return _Dearest(weights, choices, graph.places).of(frozenset(weights))


def _inside(graph: DraftGraph, node: DraftNode, weight: Weight) -> int:
    if node.pointer not in graph.bodies or node.understood is None:
        return 0
    kind, config = node.understood
    return kind.most_iterations(config) * _most(graph.bodies[node.pointer], weight)


@dataclass(frozen=True, slots=True)
class _Dearest:
    """The weight of the dearest nodes that can run together.

    Never too little: a run takes one group of every choice. It may be too much where choices depend on each other.
    """

    weights: Mapping[str, int]
    choices: Mapping[str, list[frozenset[str]]]
    places: Mapping[str, int]

    def of(self, nodes: frozenset[str]) -> int:
        """Follow the choices among these nodes, from the first."""
        left, total = set(nodes), 0
        for chooser in sorted(nodes & self.choices.keys(), key=self.places.__getitem__):
            groups = [group & left for group in self.choices[chooser]]
            total += max(map(self.of, groups), default=0)
            left.difference_update(*groups)
        return total + sum(self.weights[node] for node in left)
