"""What a run comes to at most, told before its nodes start."""

import asyncio
from dataclasses import dataclass
from typing import Any

from repomill.calls.budget import plain
from repomill.calls.ledger import LedgerMode
from repomill.canonical import Json
from repomill.nodes.ports import Sources
from repomill.workflow.bound import Bound, bound
from repomill.workflow.cost_bound import CostBound, cost_bound, require_affordable
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import Execution
from tasks.services import Services


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Node instances and calls, and what those calls cost."""

    most: Bound
    cost: CostBound

    def facts(self) -> dict[str, Json]:
        """Return the figures as an event has them; of a workflow that asks no models none."""
        if not self.most.model_calls:
            return {}
        cost = "unknown" if self.cost.cost is None else str(plain(self.cost.cost))
        return {"most_model_calls": self.most.model_calls, "most_cost_usd": cost}

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each node that may cost something, the dearest first."""
        return [
            {
                "node": node.path,
                "runs at most": node.times,
                "costs at most, USD": "unknown" if node.spending.cost is None else str(plain(node.spending.cost)),
                "why": node.spending.reason,
            }
            for node in self.cost.nodes
        ]


async def affordable(
    services: Services, execution: Execution, spec: WorkflowSpec, sources: Sources, *, has_answers: bool
) -> WorstCase | None:
    """Return what a run comes to at most, before it begins; None for one that asks nobody.

    A run that has recorded answers or has made calls is not refused: what came is kept, and its budget holds for each
    call anyway.

    Raises:
        BoundExceedsBudget, CostUnbounded: it may cost more than its workflow's budget.
    """
    if execution.mode == LedgerMode.STRICT:
        return None
    # In a thread: the list of prices takes a while to be read.
    worst = await asyncio.to_thread(worst_case, spec, sources, mocked=execution.use_mocks)
    if spec.budget.cost_usd is not None and not (has_answers or await _has_begun(services, execution)):
        require_affordable(spec, worst.cost)
    return worst


def worst_case(spec: WorkflowSpec, sources: Sources, *, mocked: bool = False) -> WorstCase:
    """Return what a run of a valid specification comes to at most."""
    return WorstCase(bound(spec), cost_bound(spec, sources, mocked=mocked))


async def _has_begun(services: Services, execution: Execution) -> bool:
    return await services.database.run(
        services.scope, lambda work: work.calls.has_any(execution.root_id), read_only=True
    )
