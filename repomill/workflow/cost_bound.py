"""What a run can cost at most, told before anything runs, and whether its budget holds that."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from repomill.calls.budget import plain
from repomill.calls.spending import NOTHING, Spending
from repomill.errors import BoundExceedsBudget, CostUnbounded
from repomill.nodes.base import NodeKind
from repomill.nodes.ports import Sources
from repomill.workflow._dearest import most, times_inside
from repomill.workflow._draft import DraftGraph, DraftNode
from repomill.workflow.bound import drawn
from repomill.workflow.spec import OnExceed, WorkflowSpec

NO_COST: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class NodeCost:
    """A node that may cost something: `path` of ids, how often it runs at most, and what all that costs."""

    path: str
    times: int
    spending: Spending

    def __str__(self) -> str:
        if self.spending.cost is None:
            advice = f" ({self.spending.advice})" if self.spending.advice else ""
            return f"{self.path}: {self.spending.reason}{advice}"
        runs = f" in {self.times} runs" if self.times > 1 else ""
        return f"{self.path}: {plain(self.spending.cost)}{runs}"


@dataclass(frozen=True, slots=True)
class CostBound:
    """The most a run can cost in US dollars, None where nobody can tell; `nodes` are those that cost, dearest first.

    Of nodes that exclude each other only the dearest are in the sum; all are among `nodes`.
    """

    cost: Decimal | None
    nodes: tuple[NodeCost, ...]

    @property
    def unbounded(self) -> tuple[NodeCost, ...]:
        """The nodes nobody knows the price of."""
        return tuple(node for node in self.nodes if node.spending.cost is None)


def cost_bound(
    spec: WorkflowSpec,
    sources: Sources,
    *,
    mocked: bool = False,
    kinds: Mapping[str, NodeKind[Any]] | None = None,
) -> CostBound:
    """Return the worst case of a valid specification; with mocks, nodes that have a `mock` cost nothing."""

    def counts(node: DraftNode) -> bool:
        return not mocked or node.item.get("mock") is None

    graph = drawn(spec, kinds)
    found = [(node, times, path, _spending(node, sources)) for node, times, path in _running(graph, counts)]
    costs = {node.pointer: spending.cost for node, _, _, spending in found}
    nodes = [NodeCost(path, times, spending.times(times)) for _, times, path, spending in found if spending != NOTHING]
    nodes.sort(key=lambda node: node.spending.cost or Decimal("inf"), reverse=True)
    if None in costs.values():
        return CostBound(None, tuple(nodes))
    return CostBound(most(graph, lambda node: costs[node.pointer] or NO_COST, NO_COST, counts), tuple(nodes))


def require_affordable(spec: WorkflowSpec, worst: CostBound) -> None:
    """Refuse what may cost more than its budget of money, unless it says `on_exceed: stop`.

    Raises:
        BoundExceedsBudget: the worst case is above the budget.
        CostUnbounded: there is a budget, and nobody can tell the worst case.
    """
    budget = spec.budget
    if budget.cost_usd is None or budget.on_exceed is OnExceed.STOP:
        return
    limit = plain(Decimal(str(budget.cost_usd)))
    if worst.cost is None:
        reasons = "; ".join(map(str, worst.unbounded))
        raise CostUnbounded(spec.name, str(limit), reasons)
    if worst.cost > limit:
        figures = ", ".join(map(str, worst.nodes))
        raise BoundExceedsBudget(spec.name, str(limit), str(plain(worst.cost)), figures)


def _running(
    graph: DraftGraph, counts: Callable[[DraftNode], bool], times: int = 1, around: str = ""
) -> Iterator[tuple[DraftNode, int, str]]:
    """Yield nodes that count, those of bodies too, with how often each runs at most and its path of ids."""
    for node in filter(counts, graph.listed):
        yield node, times, around + node.id
        if node.pointer in graph.bodies:
            inside = times * times_inside(node)
            yield from _running(graph.bodies[node.pointer], counts, inside, f"{around}{node.id}.")


def _spending(node: DraftNode, sources: Sources) -> Spending:
    kind, config = node.understood or (None, None)
    return kind.most_spent(config, sources) if kind is not None else NOTHING
