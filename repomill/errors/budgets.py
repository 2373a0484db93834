"""Errors of budgets."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Retriable, UserActionRequired


@dataclass(eq=False)
class BudgetExceeded(UserActionRequired):
    """A call could cost more than what is left; it was not made."""

    budget: str
    limit: str
    spent: str
    needed: str
    code: ClassVar[str] = "budget_exceeded"
    message: ClassVar[str] = "The budget of {budget} is {limit}; {spent} is spent, and the next call may take {needed}."
    hint: ClassVar[str] = (
        "Raise it (`repomill budget set`, or `budget` of the workflow), then `repomill execution resume ID`; "
        "answers that came are kept."
    )


@dataclass(eq=False)
class BudgetReserved(Retriable):
    """What is left of a budget is reserved by calls under way; some of it may come back when they end."""

    budget: str
    limit: str
    code: ClassVar[str] = "budget_reserved"
    message: ClassVar[str] = "What is left of the budget of {budget} ({limit}) is reserved by calls under way."
    hint: ClassVar[str] = "Resume later, when those calls have ended."


@dataclass(eq=False)
class PriceUnknown(UserActionRequired):
    """A budget limits money, and nobody knows what a call costs."""

    budget: str
    source: str
    model: str
    code: ClassVar[str] = "price_unknown"
    message: ClassVar[str] = "The budget of {budget} limits money; the price of {model} at source {source} is unknown."
    hint: ClassVar[str] = "State the price in the source's block; 0 where a model costs nothing."


@dataclass(eq=False)
class BoundExceedsBudget(BadInput):
    """A run may cost more than its workflow's budget; it was not started."""

    workflow: str
    budget: str
    bound: str
    nodes: str
    code: ClassVar[str] = "bound_exceeds_budget"
    message: ClassVar[str] = (
        "A run of {workflow} may cost {bound} US dollars, more than its budget of {budget}. By node: {nodes}."
    )
    hint: ClassVar[str] = (
        "Raise `budget.cost_usd`, lower `max_tokens`, `max_input_tokens`, `max_calls` or `repairs` of these nodes or "
        "`max_iterations` of loops; or say `budget.on_exceed: stop`: a run then stops where its money ends."
    )


@dataclass(eq=False)
class CostUnbounded(BadInput):
    """A workflow has a budget of money, and nobody can tell what a run costs at most; it was not started."""

    workflow: str
    budget: str
    reasons: str
    code: ClassVar[str] = "cost_unbounded"
    message: ClassVar[str] = (
        "{workflow} has a budget of {budget} US dollars, and what a run costs at most cannot be told: {reasons}."
    )
    hint: ClassVar[str] = (
        "Give these nodes a bound as said; or say `budget.on_exceed: stop`: a run then stops where its money ends."
    )


@dataclass(eq=False)
class BudgetEmpty(BadInput):
    """A budget was to be set that limits nothing."""

    code: ClassVar[str] = "budget_empty"
    message: ClassVar[str] = "A budget limits at least one of money, calls and tokens."
    hint: ClassVar[str] = "Give --cost, --calls or --tokens; --remove takes a budget away."
