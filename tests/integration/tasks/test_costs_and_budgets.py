"""Budgets and costs as people ask for them, over calls that a ledger kept."""

from decimal import Decimal

import pytest

from repomill.calls.budget import Limits, Period
from repomill.calls.ledger import FREE, CallKey, CallKind, CallRequest, Usage
from repomill.errors import BudgetEmpty, ProjectNotFound
from repomill.workflow.spec import BudgetSpec
from storage.database.ledger import SqlCallLedger
from tasks.budgets import run_limits, set_budget, show_budgets
from tasks.costs import CostKey, costs
from tasks.services import Services
from tests.fakes.stored_rows import claim, fake_digest, new_execution

pytestmark = pytest.mark.everywhere

PRICED = Usage(100, 50, Decimal("0.02"))


async def spend(services: Services, project: str, model: str, usage: Usage, bound: Usage = PRICED) -> None:
    """Make one call in an execution of its own."""
    with services.database.transaction(services.scope) as work:
        lease = claim(work, new_execution(work, project).id)
    ledger = SqlCallLedger(services.database, services.store, services.scope, lease, lease.execution_id)
    key = CallKey("plan", 1, fake_digest(model))
    await ledger.reserve(CallRequest(key, CallKind.MODEL, "main", model, {}, bound))
    await ledger.mark_sent(key)
    await ledger.record_answer(key, {}, usage, 5)
    await ledger.settle(key)


async def test_costs_are_summed_by_what_was_asked_for(services: Services) -> None:
    for project, model in (("tea", "small"), ("tea", "large"), ("cake", "small")):
        await spend(services, project, model, PRICED)
    await spend(services, "tea", "own", Usage(1, 1, None))
    by_project = await costs(services, [CostKey.PROJECT])
    assert [(row["project"], row["calls"], row["cost_usd"], row["unpriced"]) for row in by_project] == [
        ("tea", 3, Decimal("0.04"), 1),
        ("cake", 1, Decimal("0.02"), 0),
    ]
    by_model = await costs(services, [CostKey.MODEL, CostKey.PROJECT])
    assert [(row["model"], row["project"]) for row in by_model] == [
        ("large", "tea"),
        ("small", "cake"),
        ("small", "tea"),
        ("own", "tea"),
    ]


async def test_replayed_answers_cost_nothing_and_do_not_show(services: Services) -> None:
    await spend(services, "tea", "small", Usage(9, 9, Decimal(0)), FREE)
    assert await costs(services, [CostKey.DAY]) == []


async def test_a_budget_is_shown_with_what_is_taken(services: Services) -> None:
    await set_budget(services, "tea", Period.TOTAL, Limits(cost_usd=Decimal(1)))
    await set_budget(services, "", Period.DAY, Limits(calls=7))
    await spend(services, "tea", "small", PRICED)
    everybody, tea = await show_budgets(services)
    assert (everybody["project"], everybody["period"], everybody["limit_calls"], everybody["spent_calls"]) == (
        "",
        "day",
        7,
        1,
    )
    assert (tea["limit_cost_usd"], tea["spent_cost_usd"], tea["reserved_calls"]) == (1, Decimal("0.02"), 0)
    assert await show_budgets(services, "tea") == [tea]


async def test_a_budget_is_taken_away(services: Services) -> None:
    await set_budget(services, "tea", Period.TOTAL, Limits(calls=1))
    await set_budget(services, "tea", Period.TOTAL, None)
    assert await show_budgets(services) == []


async def test_what_cannot_be_a_budget(services: Services) -> None:
    with pytest.raises(BudgetEmpty):
        await set_budget(services, "tea", Period.TOTAL, Limits())
    with pytest.raises(ProjectNotFound):
        await show_budgets(services, "unknown")


def test_the_limits_of_a_run_are_those_of_its_workflow() -> None:
    assert run_limits(BudgetSpec(cost_usd=0.1, calls=3)) == Limits(Decimal("0.1"), 3)
    assert not run_limits(BudgetSpec())
