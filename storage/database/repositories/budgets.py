"""Budgets: what people set, and putting a call's bound aside in every budget it falls under."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, or_, select

from repomill.calls.budget import Amount, Limits, Period, plain
from repomill.calls.ledger import FREE, Usage
from repomill.errors import BudgetExceeded, BudgetReserved, PriceUnknown
from repomill.roles import Permission
from storage.database.models import Budget, Call, Execution, Project
from storage.database.repositories._accounts import Account, Accounts, Calls, midnight
from storage.database.repositories._many import of_here, table_of
from storage.database.repositories.base import Repository

_TABLE = table_of(Budget)
_OF_PROJECT_OR_ALL = of_here(
    select(_TABLE).where(or_(_TABLE.c.project_id == bindparam("project"), _TABLE.c.project_id.is_(None))), _TABLE
)


@dataclass(frozen=True, slots=True)
class RunBudget:
    """Where a call belongs, and what its run may spend."""

    root_id: UUID
    project_id: UUID
    limits: Limits


@dataclass(frozen=True, slots=True)
class Applied:
    """One budget that a call falls under; `of` gives the conditions that select the calls which count."""

    account: str
    limits: Limits
    of: Callable[[], Calls]
    project_id: UUID | None = None
    day: str = ""


class Budgets(Repository):
    """Budgets of projects and of the organisation. Limits are what people set; accounts are what was taken."""

    def define(self, project_id: UUID | None, period: Period, limits: Limits) -> Budget:
        """Set a budget; without a project it is the organisation's. One that was taken away meanwhile counts anew."""
        self._require(Permission.ADMINISTER)
        row = self._session.scalars(_of(project_id, period)).one_or_none()
        is_new = row is None
        row = row or Budget(project_id=project_id, period=period)
        row.cost_usd, row.calls, row.tokens = limits.cost_usd, limits.calls, limits.tokens
        row.updated_at = self._clock()
        self._add(row)
        if is_new:
            applied = self._applied(row)
            self._accounts.recount(applied.account, applied.of)
        detail = {"period": period.value, "cost": str(limits.cost_usd), "calls": limits.calls, "tokens": limits.tokens}
        self._audit("set budget", "budget", row.id, None, None, **detail)
        return row

    def remove(self, project_id: UUID | None, period: Period) -> None:
        """Take a budget away; one that was never set is no error."""
        self._require(Permission.ADMINISTER)
        row = self._session.scalars(_of(project_id, period)).one_or_none()
        if row is not None:
            self._audit("remove budget", "budget", row.id, None, None, period=period.value)
            self._session.execute(delete(Budget).where(Budget.id == row.id))

    def defined(self) -> Sequence[Budget]:
        """Return what was set, the organisation's first."""
        query = select(Budget).outerjoin(Project, Project.id == Budget.project_id)
        return self._session.scalars(query.order_by(Project.name.nulls_first(), Budget.period)).all()

    def account(self, budget: Budget) -> Account:
        """Return what is taken of a budget now; of a day, today's."""
        applied = self._applied(budget)
        return self._accounts.opened({applied.account: applied.of})[applied.account]

    def recount(self, root_id: UUID) -> None:
        """Count the calls that earlier attempts of a run made without a budget, before one with a budget begins."""
        run = _of_run(root_id, Limits())
        self._accounts.recount(run.account, run.of)

    def put_aside(self, run: RunBudget, bound: Usage, source: str, model: str) -> list[str]:
        """Reserve the bound of one sending in every budget it falls under, all or none; return the accounts.

        Raises:
            BudgetExceeded: a budget has not that much left.
            BudgetReserved: it has, but calls under way may need it.
            PriceUnknown: a budget limits money, and nobody knows the call's price.
        """
        if bound == FREE:
            return []
        budgets = sorted(self._budgets(run), key=lambda applied: applied.account)
        if not budgets:
            return []
        for applied in budgets:
            if applied.limits.cost_usd is not None and bound.cost is None:
                raise PriceUnknown(self._title(applied), source, model or "this call")
        accounts = self._accounts.opened({applied.account: applied.of for applied in budgets})
        for applied in budgets:
            self._check(applied, accounts[applied.account], Amount.of(bound))
        self._accounts.reserve(accounts, Amount.of(bound))
        return list(accounts)

    def _check(self, applied: Applied, account: Account, needed: Amount) -> None:
        limit = (account.spent + needed).excess(applied.limits)
        if limit:
            raise BudgetExceeded(self._title(applied), limit, _said(account.spent), _said(needed))
        limit = (account.spent + account.reserved + needed).excess(applied.limits)
        if limit:
            raise BudgetReserved(self._title(applied), limit)

    def settle(self, call: Call, actual: Amount) -> None:
        """Turn what a call put aside for one sending into what it came to."""
        self._accounts.settle(call.budget_accounts or (), _bound(call), actual)

    def correct(self, call: Call, actual: Amount) -> None:
        """Take what one sending came to for the bound that it was charged at."""
        self._accounts.correct(call.budget_accounts or (), _bound(call), actual)

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self._session, self._scope, self._clock)

    def _budgets(self, run: RunBudget) -> list[Applied]:
        set_by_people = self._read_all(_OF_PROJECT_OR_ALL, {"project": run.project_id})
        found = [self._applied(budget) for budget in set_by_people]
        if run.limits:
            found.append(_of_run(run.root_id, run.limits))
        return found

    def _applied(self, budget: Budget | Row[Any]) -> Applied:
        account = "organisation" if budget.project_id is None else f"project {budget.project_id}"
        now, day = self._clock(), ""
        if budget.period is Period.DAY:
            day = now.astimezone(UTC).date().isoformat()
            account = f"{account} {day}"
        limits = Limits(budget.cost_usd, budget.calls, budget.tokens)
        return Applied(account, limits, lambda: _counted(budget, now), budget.project_id, day)

    def _title(self, applied: Applied) -> str:
        """Say what a budget is of, for the error that names it: most calls need no name of a project."""
        if applied.account.startswith("run "):
            return "this run"
        title = "the organisation"
        if applied.project_id is not None:
            query = select(Project.name).where(Project.id == applied.project_id)
            title = f"project {self._session.scalars(query).one()}"
        return f"{title} for {applied.day}" if applied.day else title


def _of_run(root_id: UUID, limits: Limits) -> Applied:
    return Applied(f"run {root_id}", limits, lambda: (Call.root_execution_id == root_id,))


def _counted(budget: Budget | Row[Any], now: datetime) -> Calls:
    of = list[ColumnElement[bool]]()
    if budget.project_id is not None:
        executions = select(Execution.id).where(Execution.project_id == budget.project_id)
        of.append(Call.execution_id.in_(executions))
    if budget.period is Period.DAY:
        of.append(Call.created_at >= midnight(now))
    return of


def _bound(call: Call) -> Amount:
    return Amount(call.reserved_amount or Amount().cost, 1, call.reserved_tokens)


def _said(amount: Amount) -> str:
    return f"{plain(amount.cost)} US dollars, {amount.calls} calls, {amount.tokens} tokens"


def _of(project_id: UUID | None, period: Period) -> Select[tuple[Budget]]:
    is_its = Budget.project_id.is_(None) if project_id is None else Budget.project_id == project_id
    return select(Budget).where(is_its, Budget.period == period)
