"""How much a workflow can come to at most, told before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repomill.nodes.base import NodeKind
from repomill.nodes.registry import kinds as registered_kinds
from repomill.workflow._dearest import most
from repomill.workflow._draft import DraftGraph, DraftNode, draft
from repomill.workflow.digests import workflow_document
from repomill.workflow.spec import RetrySpec, WorkflowSpec


@dataclass(frozen=True, slots=True)
class Bound:
    """The worst case of one run: `nodes` counts instances, `model_calls` those of repairs, fallbacks and tries too."""

    nodes: int
    model_calls: int


def bound(spec: WorkflowSpec, kinds: Mapping[str, NodeKind[Any]] | None = None) -> Bound:
    """Return the worst case of a valid specification.

    Bodies count as often as their loop may run. Of nodes that exclude each other (branches of a router that takes the
    first, the branch `error` and the others) the dearest group counts.
    """
    graph = drawn(spec, kinds)
    return Bound(most(graph, _instances, 0), most(graph, _calls, 0))


def drawn(spec: WorkflowSpec, kinds: Mapping[str, NodeKind[Any]] | None = None) -> DraftGraph:
    """Return the graph of a valid specification, as validation sees it."""
    document: Any = workflow_document(spec)
    return draft(document, kinds if kinds is not None else registered_kinds(), None).root


def _instances(_node: DraftNode) -> int:
    return 1


def _calls(node: DraftNode) -> int:
    kind, config = node.understood or (None, None)
    tries = RetrySpec.model_validate(node.item.get("retry", {})).attempts
    return tries * kind.most_model_calls(config) if kind is not None else 0
