"""Budgets as people set and read them, and the limits of a run."""

from decimal import Decimal
from typing import Any

from repomill.calls.budget import Amount, Limits, Period, plain
from repomill.errors import BudgetEmpty
from repomill.workflow.spec import BudgetSpec
from storage.database.models import Budget
from storage.database.work import Work
from tasks.services import Services


def run_limits(budget: BudgetSpec) -> Limits:
    """Return what a workflow says a run may spend."""
    cost = None if budget.cost_usd is None else Decimal(str(budget.cost_usd))
    return Limits(cost, budget.calls, budget.tokens)


async def set_budget(services: Services, project: str, period: Period, limits: Limits | None) -> None:
    """Set the budget of a project, of the organisation where it is ""; None takes it away.

    Raises:
        BudgetEmpty: it limits nothing.
    """
    if limits is not None and not limits:
        raise BudgetEmpty

    def write(work: Work) -> None:
        # A budget may come before the first run of its project.
        project_id = work.projects.get_or_create(project).id if project else None
        if limits is None:
            work.budgets.remove(project_id, period)
        else:
            work.budgets.define(project_id, period, limits)

    await services.database.run(services.scope, write)


async def show_budgets(services: Services, project: str = "") -> list[dict[str, Any]]:
    """Return every budget with what is taken of it; of one project, where it is named."""

    def read(work: Work) -> list[dict[str, Any]]:
        wanted = work.projects.by_name(project).id if project else None
        return [_row(work, budget) for budget in work.budgets.defined() if not project or budget.project_id == wanted]

    return await services.database.run(services.scope, read)


def _row(work: Work, budget: Budget) -> dict[str, Any]:
    account = work.budgets.account(budget)
    cost = None if budget.cost_usd is None else plain(budget.cost_usd)
    rows = {"cost_usd": cost, "calls": budget.calls, "tokens": budget.tokens}
    return {
        "project": work.projects.get(budget.project_id).name if budget.project_id else "",
        "period": budget.period.value,
        **{f"limit_{name}": value for name, value in rows.items()},
        **_amounts("spent", account.spent),
        **_amounts("reserved", account.reserved),
    }


def _amounts(what: str, amount: Amount) -> dict[str, Any]:
    return {f"{what}_cost_usd": plain(amount.cost), f"{what}_calls": amount.calls, f"{what}_tokens": amount.tokens}
