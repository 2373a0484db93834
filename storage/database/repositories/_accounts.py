"""Accounts of budgets: what is spent and what is reserved, moved under a lock that lasts until the commit."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from repomill.calls.budget import Amount
from repomill.calls.ledger import CallState
from storage.database.models import BudgetAccount, Call
from storage.database.repositories._many import OfHere, of_here, table_of, write_here
from storage.database.repositories.base import Repository

Calls = Sequence[ColumnElement[bool]]
"""Conditions that select the calls which count."""

_UNDER_WAY = (CallState.RESERVED, CallState.SENT)
_NOT_LOST = (CallState.SENT, CallState.ANSWERED, CallState.SETTLED)
"""States in which the last sending is under way or was answered; each other that counts was charged at its bound."""

_TABLE = table_of(BudgetAccount)
_IS_NAMED = _TABLE.c.name.in_(bindparam("names", expanding=True))
_LOCKED = of_here(select(_TABLE).where(_IS_NAMED).order_by(_TABLE.c.name).with_for_update(), _TABLE)
"""Accounts, locked in the order of their names, one for all: two that wait for each other cannot be."""
_NUMBER = of_here(select(func.count()).select_from(_TABLE).where(_IS_NAMED), _TABLE)
_WHEN_ALL_ARE_THERE = OfHere(_LOCKED.where(_NUMBER.scalar_subquery() == bindparam("number")))
_MOVED = ("spent_cost", "spent_calls", "spent_tokens", "reserved_cost", "reserved_calls", "reserved_tokens")
_MORE = write_here(
    update(_TABLE)
    .where(_TABLE.c.name == bindparam("account"))
    .values({name: _TABLE.c[name] + bindparam(f"more_{name}") for name in _MOVED}),
    _TABLE,
)


def midnight(instant: datetime) -> datetime:
    """Return the beginning of the instant's day, in UTC."""
    return datetime.combine(instant.astimezone(UTC).date(), time(), UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """What is gone for good, and what calls under way may take."""

    spent: Amount
    reserved: Amount


class Accounts(Repository):
    """Accounts by name; each method locks what it changes."""

    def opened(self, calls_of: Mapping[str, Callable[[], Calls]]) -> dict[str, Account]:
        """Return accounts, locked; a new one begins with the calls that were made before anybody counted.

        None is locked before all are there: who opens one waits for others who do, and must not hold what they need.
        """
        found = self._accounts(_WHEN_ALL_ARE_THERE, {"names": list(calls_of), "number": len(calls_of)})
        if len(found) == len(calls_of):
            return found
        for name in sorted(calls_of.keys() - self._names(calls_of)):
            before = self._made(calls_of[name]())
            try:
                with self._session.begin_nested():
                    self._add(_account(name, before))
            except IntegrityError:
                pass  # another transaction was quicker, and has committed
        return self._locked(calls_of)

    def recount(self, name: str, calls_of: Callable[[], Calls]) -> None:
        """Add to an account the calls that were made while it was not asked; one that is not there yet will count them.

        Those under way that hold something of it go on doing so. Nothing that was charged is given back: an answer
        without a price was charged at its bound, and its row does not say so.
        """
        for account in self._locked([name]).values():
            of = calls_of()
            spent = account.spent.or_more(self._made(of) - self._held(name, of))
            self._move([name], spent - account.spent, self._held(name) - account.reserved)

    def reserve(self, names: Iterable[str], amount: Amount) -> None:
        """Put an amount aside in locked accounts."""
        self._move(names, Amount(), amount)

    def settle(self, names: Sequence[str], bound: Amount, actual: Amount) -> None:
        """Turn what was put aside into what it came to; an account is gone when its project was deleted meanwhile."""
        if names:
            self._move(names, actual, Amount() - bound)

    def correct(self, names: Sequence[str], charged: Amount, actual: Amount) -> None:
        """Put what a call came to in the place of what it was charged."""
        if names:
            self._move(names, actual - charged, Amount())

    def _move(self, names: Iterable[str], more_spent: Amount, more_reserved: Amount) -> None:
        """Add to accounts where they are, one after the other in the order of their names, as they are locked."""
        more = {
            "more_spent_cost": more_spent.cost,
            "more_spent_calls": more_spent.calls,
            "more_spent_tokens": more_spent.tokens,
            "more_reserved_cost": more_reserved.cost,
            "more_reserved_calls": more_reserved.calls,
            "more_reserved_tokens": more_reserved.tokens,
        }
        self._write_all(_MORE, *({"account": name, **more} for name in sorted(names)))

    def _locked(self, names: Collection[str]) -> dict[str, Account]:
        return self._accounts(_LOCKED, {"names": list(names)})

    def _accounts(self, query: OfHere, named: Mapping[str, object]) -> dict[str, Account]:
        return {row.name: _read(row) for row in self._read_all(query, named)}

    def _names(self, names: Collection[str]) -> set[str]:
        return set(self._session.scalars(select(BudgetAccount.name).where(BudgetAccount.name.in_(names))))

    def _held(self, name: str, of: Calls = ()) -> Amount:
        """Sum up what calls under way have put aside in an account, and will settle there."""
        held = select(Call.budget_accounts, Call.reserved_amount, Call.reserved_tokens).where(
            Call.state.in_(_UNDER_WAY), Call.budget_accounts.is_not(None), *of
        )
        rows = self._session.execute(held)
        return sum(
            (Amount(cost or Amount().cost, 1, tokens) for names, cost, tokens in rows if name in names), Amount()
        )

    def _made(self, of: Calls) -> Amount:
        """Sum up earlier calls as an account would have; those under way at their bound, for they will not tell it."""
        is_under_way = Call.state.in_(_UNDER_WAY)
        is_reserved = case((Call.state == CallState.RESERVED, 1), else_=0)
        at_bound = Call.sends - case((Call.state.in_(_NOT_LOST), 1), else_=0) + case((is_under_way, 1), else_=0)
        cost, bound, calls, tokens, bound_tokens = self._session.execute(
            select(
                func.sum(Call.cost),
                func.sum(Call.reserved_amount).filter(is_under_way),
                func.sum(Call.sends + is_reserved),
                func.sum(Call.input_tokens + Call.output_tokens),
                func.sum(Call.reserved_tokens * at_bound),
            ).where(or_(Call.cost > Amount().cost, Call.reserved_tokens > 0), *of)
        ).one()
        money = (cost or Amount().cost) + (bound or Amount().cost)
        return Amount(money, int(calls or 0), int(tokens or 0) + int(bound_tokens or 0))


def _read(row: Row[Any]) -> Account:
    return Account(
        Amount(row.spent_cost, row.spent_calls, row.spent_tokens),
        Amount(row.reserved_cost, row.reserved_calls, row.reserved_tokens),
    )


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
