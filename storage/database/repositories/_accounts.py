"""Accounts of budgets: what is spent and what is reserved, moved under a lock that lasts until the commit."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError

from repomill.calls.budget import Amount
from repomill.calls.ledger import CallState
from storage.database.models import BudgetAccount, Call
from storage.database.repositories.base import Repository

_UNDER_WAY = (CallState.RESERVED, CallState.SENT)


def midnight(instant: datetime) -> datetime:
    """Return the beginning of the instant's day, in UTC."""
    return datetime.combine(instant.astimezone(UTC).date(), time(), UTC)


def spent(account: BudgetAccount) -> Amount:
    """Return what is gone for good."""
    return Amount(account.spent_cost, account.spent_calls, account.spent_tokens)


def reserved(account: BudgetAccount) -> Amount:
    """Return what calls under way may take."""
    return Amount(account.reserved_cost, account.reserved_calls, account.reserved_tokens)


class Accounts(Repository):
    """Accounts by name; each method locks what it changes."""

    def opened(self, name: str, of: Sequence[ColumnElement[bool]]) -> BudgetAccount:
        """Return an account, locked; a new one begins with the calls that were made before anybody counted."""
        account = self.find(name)
        if account is not None:
            return account
        before = self._made(of)
        try:
            with self._session.begin_nested():
                self._add(_account(name, before))
        except IntegrityError:
            pass  # another transaction was quicker, and has committed
        return self._locked(name)

    def find(self, name: str) -> BudgetAccount | None:
        """Return an account, locked; None when it was never opened."""
        query = select(BudgetAccount).where(BudgetAccount.name == name).with_for_update()
        return self._session.scalars(query.execution_options(populate_existing=True)).one_or_none()

    def reserve(self, names: Sequence[str], amount: Amount) -> None:
        """Put an amount aside."""
        self._move(names, Amount(), amount)

    def settle(self, names: Sequence[str], bound: Amount, actual: Amount) -> None:
        """Turn what was put aside into what it came to."""
        self._move(names, actual, Amount() - bound)

    def _move(self, names: Sequence[str], more_spent: Amount, more_reserved: Amount) -> None:
        for name in sorted(names):  # one order for all: two that wait for each other cannot be
            account = self.find(name)
            if account is None:
                continue  # its project was deleted meanwhile
            gone, aside = spent(account) + more_spent, reserved(account) + more_reserved
            account.spent_cost, account.spent_calls, account.spent_tokens = gone.cost, gone.calls, gone.tokens
            account.reserved_cost, account.reserved_calls = aside.cost, aside.calls
            account.reserved_tokens = aside.tokens
        self._session.flush()

    def _locked(self, name: str) -> BudgetAccount:
        return self._session.scalars(select(BudgetAccount).where(BudgetAccount.name == name).with_for_update()).one()

    def _made(self, of: Sequence[ColumnElement[bool]]) -> Amount:
        """Sum up earlier calls; those under way count at their bound, for they will not tell this account."""
        is_under_way = Call.state.in_(_UNDER_WAY)
        cost, bound, calls, tokens, bound_tokens = self._session.execute(
            select(
                func.sum(Call.cost),
                func.sum(Call.reserved_amount).filter(is_under_way),
                func.count(),
                func.sum(Call.input_tokens + Call.output_tokens),
                func.sum(Call.reserved_tokens).filter(is_under_way),
            ).where(or_(Call.cost > Amount().cost, Call.reserved_tokens > 0), *of)
        ).one()
        money = (cost or Amount().cost) + (bound or Amount().cost)
        return Amount(money, calls, int(tokens or 0) + int(bound_tokens or 0))


def _account(name: str, before: Amount) -> BudgetAccount:
    return BudgetAccount(
        name=name,
        spent_cost=before.cost,
        spent_calls=before.calls,
        spent_tokens=before.tokens,
        reserved_cost=Amount().cost,
        reserved_calls=0,
        reserved_tokens=0,
    )
