"""What PostgreSQL does by itself of a plain call is what Python does of it, and it does no more than that."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from repomill.calls.budget import Limits, Period
from repomill.calls.ledger import FREE, CallKey, CallKind, CallRequest, Usage
from repomill.errors import BudgetExceeded, BudgetReserved, PriceUnknown
from storage.database.lease import Lease
from storage.database.models import BudgetAccount, Call
from storage.database.repositories._calls_at_once import begun, ended
from storage.database.repositories._leases import owned
from storage.database.repositories._many import Opening, table_of
from storage.database.repositories.budgets import RunBudget
from storage.database.scope import Scope
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import NOW, add_organisation, claim, fake_digest, new_execution, running_execution
from tests.servers import postgresql
from tests.servers.waiting import wait_until

REFUSALS = (BudgetExceeded, BudgetReserved, PriceUnknown)

costs = st.none() | st.sampled_from(["0", "0.1", "0.25", "0.5", "1"]).map(Decimal)
tokens = st.sampled_from([0, 1, 40, 100])
usages = st.builds(Usage, tokens, tokens, costs)
limits = st.builds(
    Limits,
    st.sampled_from([None, Decimal("0.5"), Decimal(1)]),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, 100, 250]),
)
bounds = st.dictionaries(st.tuples(st.booleans(), st.sampled_from(Period)), limits, max_size=4)
steps = st.lists(st.tuples(usages | st.just(FREE), usages | st.none()), min_size=1, max_size=5)
"""What a call may take at most, and what it came to; None where no answer came."""


@pytest.fixture(scope="module")
def database(postgresql_server: str, migrated_postgresql: str) -> Iterator[Database]:
    url = postgresql.create_database(postgresql_server, f"test_{uuid4().hex}", migrated_postgresql)
    opened = Database(url, clock=lambda: NOW)
    yield opened
    opened.close()


def organisation(database: Database) -> Scope:
    scope = Scope(uuid4(), uuid4())
    with database.exclusive(1) as connection:
        add_organisation(connection, scope)
    return scope


def request(number: int, bound: Usage = FREE) -> CallRequest:
    key = CallKey("plan[\u2603]", number + 1, fake_digest(str(number)))
    return CallRequest(key, CallKind.MODEL, "main", "it's 100% \\ new", {}, bound)


@dataclass
class Spender:
    """A run in an organisation of its own; what it does is done in Python, or tried at once before."""

    database: Database
    scope: Scope
    lease: Lease
    run: RunBudget
    how: str
    budgets: int

    @classmethod
    def of(
        cls, database: Database, budgets: Mapping[tuple[bool, Period], Limits], limits: Limits, how: str
    ) -> "Spender":
        scope = organisation(database)
        with database.transaction(scope) as work:
            root = new_execution(work)
            lease, project = claim(work, new_execution(work, root_id=root.id).id), root.project_id
            for (is_project, period), each in budgets.items():
                work.budgets.define(project if is_project else None, period, each)
        run = RunBudget(root.id, project, limits)
        return cls(database, scope, lease, run, how, len(budgets) + bool(limits))

    def beside(self) -> "Spender":
        """Return another run of the project."""
        with self.database.transaction(self.scope) as work:
            lease = running_execution(work)
        return replace(self, lease=lease, run=replace(self.run, root_id=lease.execution_id))

    def begin(self, number: int, bound: Usage) -> str:
        call = request(number, bound)
        return self._take(
            self.beginning(call),
            lambda work: work.calls.reserve_and_send(self.run, self.lease.execution_id, call, "asked", is_new=True),
            is_free=bound == FREE,
        )

    def end(self, number: int, usage: Usage) -> str:
        key = request(number).key
        return self._take(
            self.ending(key, usage),
            lambda work: work.calls.answered_and_settled(self.run.root_id, key, "answered", usage, 7),
            is_free=True,
        )

    def beginning(self, call: CallRequest) -> Opening:
        return begun(self.lease, self.run.root_id, self.run.limits, call, "asked", NOW).opening

    def ending(self, key: CallKey, usage: Usage = FREE) -> Opening:
        return ended(self.lease, self.run.root_id, key, "answered", usage, 7, NOW).opening

    def _take(self, step: Opening, by_python: Callable[[Work], Call], *, is_free: bool) -> str:
        """Say what came of a step; each that Python can take is taken at once, where all accounts are there."""
        opening = step if self.how == "as it begins" else owned(self.lease)
        try:
            with self.database.transaction(self.scope, opening=opening) as work:
                assert work.found(opening) is not False or self.how == "as it begins"
                sends = None if self.how == "in Python" else work.taken_at_once(step)
                is_plain = is_free or len(self._accounts(work)) == self.budgets
                call = by_python(work) if sends is None else Call(sends=sends)
                assert sends is not None or self.how == "in Python" or not is_plain
                return f"sent {call.sends}"
        except REFUSALS as error:
            return f"{type(error).__name__}: {error}"

    def _accounts(self, work: Work) -> list[Any]:
        accounts = table_of(BudgetAccount)
        here = accounts.c.organisation_id == self.scope.organisation_id
        return list(work.calls._session.connection().execute(select(accounts).where(here).order_by(accounts.c.name)))

    def stored(self) -> Any:
        """Return calls and accounts without what is the organisation's own."""
        calls = table_of(Call)
        here = select(calls).where(calls.c.organisation_id == self.scope.organisation_id).order_by(calls.c.ordinal)
        with self.database.transaction(self.scope, read_only=True) as work:
            rows = [*work.calls._session.connection().execute(here), *self._accounts(work)]
        own = ("id", "organisation_id")
        plain = [{name: value for name, value in row._mapping.items() if name not in own} for row in rows]
        names = {self.run.project_id: "project", self.run.root_id: "root", self.lease.execution_id: "execution"}
        return reduce(lambda text, known: text.replace(str(known[0]), known[1]), names.items(), repr(plain))


DOLLAR, COUNT = Limits(cost_usd=Decimal(1)), Limits(calls=3)
CHEAP, UNPRICED = Usage(1, 1, Decimal("0.1")), Usage(1, 1)


@example(budgets={(True, Period.TOTAL): DOLLAR}, run=Limits(), made=[(CHEAP, CHEAP), (UNPRICED, None)])
@example(budgets={(True, Period.TOTAL): COUNT}, run=Limits(), made=[(UNPRICED, UNPRICED), (UNPRICED, None)])
@given(budgets=bounds, run=st.just(Limits()) | limits, made=steps)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_postgresql_takes_the_steps_that_python_takes(
    database: Database, budgets: dict[tuple[bool, Period], Limits], run: Limits, made: list[tuple[Usage, Usage | None]]
) -> None:
    spenders = [Spender.of(database, budgets, run, how) for how in ("in Python", "as it begins", "later on")]
    for number, (bound, usage) in enumerate(made):
        began = [spender.begin(number, bound) for spender in spenders]
        assert began == began[:1] * 3
        if usage is not None and began[0] == "sent 1":
            assert [spender.end(number, usage) for spender in spenders] == ["sent 1"] * 3
    stored = [spender.stored() for spender in spenders]
    assert stored == stored[:1] * 3


@pytest.fixture
def spender(database: Database) -> Spender:
    return Spender.of(database, {(True, Period.TOTAL): Limits(calls=5)}, Limits(), "as it begins")


def is_somebody_waiting(database: Database) -> bool:
    with database.bare() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(connection.execute(text(waiting)).scalar())


def test_who_waited_for_an_account_sees_what_the_other_took(database: Database, spender: Spender) -> None:
    for number in range(4):
        assert spender.begin(number, CHEAP) == "sent 1"
    other, last = spender.beside(), spender.beginning(request(4, CHEAP))
    with ThreadPoolExecutor(1) as thread:
        with database.transaction(spender.scope, opening=last) as work:
            assert work.found(last)
            waiting = thread.submit(other.begin, 4, CHEAP)
            wait_until(lambda: is_somebody_waiting(database))
        assert waiting.result().startswith("BudgetReserved")


def test_a_lease_that_was_taken_over_begins_and_ends_nothing(database: Database, spender: Spender) -> None:
    spender.begin(0, FREE)
    with database.transaction(spender.scope) as work:
        claim(work, spender.lease.execution_id, "host:2", dead=True)
    begin = spender.beginning(request(1))
    end = spender.ending(request(0).key)
    before = spender.stored()
    for step in (begin, end):
        with database.transaction(spender.scope, opening=step) as work:
            assert work.found(step) is False
    assert spender.stored() == before


def test_another_organisation_can_neither_begin_nor_end_a_call(database: Database, spender: Spender) -> None:
    other = Spender.of(database, {}, Limits(), "as it begins")
    spender.begin(0, FREE)
    before = spender.stored()
    end = spender.ending(request(0).key)
    begin = spender.beginning(request(1))
    for step in (begin, end):
        with database.transaction(other.scope, opening=step) as work:
            assert work.taken_at_once(step) is None
    assert spender.stored() == before


def test_a_call_that_was_not_sent_is_not_ended_at_once(database: Database, spender: Spender) -> None:
    call = request(0)
    with database.transaction(spender.scope) as work:
        work.calls.reserve(spender.run, spender.lease.execution_id, call, "asked")
    before = spender.stored()
    end = spender.ending(call.key)
    with database.transaction(spender.scope, opening=end) as work:
        assert work.found(end) is False
    assert spender.stored() == before


def test_limits_of_a_run_may_be_beyond_what_a_budget_can_be(database: Database) -> None:
    most = Limits(cost_usd=Decimal("1e18"), calls=2**63, tokens=2**70)
    spender = Spender.of(database, {}, most, "as it begins")
    assert [spender.begin(number, CHEAP) for number in range(2)] == ["sent 1"] * 2


def test_what_a_lost_sending_was_charged_stays_charged(database: Database, spender: Spender) -> None:
    twice = replace(spender, how="in Python")
    call = request(0, Usage(60, 40, Decimal("0.3")))
    twice.begin(0, call.bound)
    with database.transaction(spender.scope) as work:
        work.calls.uncertain(spender.run.root_id, call.key)
        work.calls.sent(spender.run, call.key)
    assert spender.end(0, Usage(6, 4, Decimal("0.1"))) == "sent 2"
    with database.transaction(spender.scope) as work:
        stored = work.calls.find(spender.run.root_id, call.key)
        assert stored is not None
        assert stored.cost == Decimal("0.4")
        [budget] = work.budgets.defined()
        account = work.budgets.account(budget)
        assert (account.spent.calls, account.reserved.calls) == (2, 0)
