"""Budgets on both databases: what is put aside, what it comes to, and that nobody gets over the limit."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from repomill.calls.budget import Amount, Limits, Period
from repomill.calls.ledger import FREE, CallKey, CallKind, CallRequest, CallState, Usage
from repomill.errors import BudgetExceeded, BudgetReserved, PriceUnknown
from storage.artifacts.memory import MemoryStore
from storage.database.lease import Lease
from storage.database.ledger import SqlCallLedger
from storage.database.models import Call
from storage.database.repositories.budgets import RunBudget
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tests.fakes.stored_rows import claim, fake_digest, new_execution, running_execution

BOUND = Usage(60, 40, Decimal("0.3"))
USED = Usage(6, 4, Decimal("0.1"))
ONE_DOLLAR = Limits(cost_usd=Decimal(1))


def request(number: int, bound: Usage = BOUND) -> CallRequest:
    key = CallKey("plan", number + 1, fake_digest(str(number)))
    return CallRequest(key, CallKind.MODEL, "main", "gpt", {}, bound)


class Spender:
    """One execution of project `demo` that makes calls."""

    def __init__(self, work: Work, lease: Lease) -> None:
        self.execution = work.executions.get(lease.execution_id)
        self.run = RunBudget(self.execution.root_id, self.execution.project_id, Limits())

    def reserve(self, work: Work, number: int, bound: Usage = BOUND) -> Call:
        return work.calls.reserve(self.run, self.execution.id, request(number, bound), "key")

    def send(self, work: Work, number: int) -> None:
        self.reserve(work, number)
        work.calls.sent(self.run, request(number).key)

    def spend(self, work: Work, number: int, usage: Usage = USED) -> None:
        self.send(work, number)
        work.calls.answered(self.run.root_id, request(number).key, "key", usage, 1)
        work.calls.settled(self.run.root_id, request(number).key)

    def taken(self, work: Work) -> tuple[Amount, Amount]:
        [budget] = work.budgets.defined()
        account = work.budgets.account(budget)
        return account.spent, account.reserved


@pytest.fixture
def spender(database: Database) -> Spender:
    with database.transaction(DEFAULT_SCOPE) as work:
        return Spender(work, running_execution(work))


def limit_project(work: Work, spender: Spender, limits: Limits = ONE_DOLLAR, period: Period = Period.TOTAL) -> None:
    work.budgets.define(spender.run.project_id, period, limits)


def test_a_bound_is_put_aside_and_becomes_what_it_came_to(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.send(work, 1)
        assert spender.taken(work) == (Amount(), Amount(Decimal("0.3"), 1, 100))
        work.calls.answered(spender.run.root_id, request(1).key, "key", USED, 1)
        assert spender.taken(work) == (Amount(Decimal("0.1"), 1, 10), Amount())


def test_what_does_not_fit_any_more_is_refused(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        for number in range(8):
            spender.spend(work, number)
        with pytest.raises(BudgetExceeded, match=r"budget of project demo is 1 US dollars; 0\.8 US dollars, 8 calls"):
            spender.reserve(work, 9)


def test_what_others_have_reserved_may_come_back(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        for number in range(3):
            spender.reserve(work, number)
        with pytest.raises(BudgetReserved):
            spender.reserve(work, 3)
        work.calls.released(spender.run.root_id, request(0).key, "429")
        assert spender.reserve(work, 3).budget_accounts == [f"project {spender.run.project_id}"]


def test_a_lost_answer_is_charged_at_its_bound_and_the_second_try_as_well(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.send(work, 1)
        work.calls.uncertain(spender.run.root_id, request(1).key)
        assert spender.taken(work) == (Amount(Decimal("0.3"), 1, 100), Amount())
        work.calls.sent(spender.run, request(1).key)
        assert spender.taken(work)[1] == Amount(Decimal("0.3"), 1, 100)
        work.calls.answered(spender.run.root_id, request(1).key, "key", USED, 1)
        assert spender.taken(work) == (Amount(Decimal("0.4"), 2, 110), Amount())


@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(calls=2), "2 calls"), (Limits(tokens=250), "250 tokens"), (Limits(Decimal("0.7")), "0.7")],
)
def test_every_unit_has_its_limit(database: Database, spender: Spender, limits: Limits, said: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, limits)
        for number in range(2):
            spender.spend(work, number, BOUND)
        with pytest.raises(BudgetExceeded, match=said):
            spender.reserve(work, 3)


def test_a_limit_of_money_refuses_an_unknown_price_and_other_limits_do_not(
    database: Database, spender: Spender
) -> None:
    unpriced = replace(BOUND, cost=None)
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, Limits(calls=5))
        spender.reserve(work, 1, unpriced)
        limit_project(work, spender, ONE_DOLLAR)
        with pytest.raises(PriceUnknown, match="project demo limits money; the price of gpt at source main is unknown"):
            spender.reserve(work, 2, unpriced)


def test_an_answer_without_a_price_is_charged_at_the_bound(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.spend(work, 1, replace(USED, cost=None))
        assert spender.taken(work)[0].cost == Decimal("0.3")


def test_what_is_free_needs_no_budget(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, Limits(calls=1))
        spender.spend(work, 1)
        assert spender.reserve(work, 2, FREE).budget_accounts is None


def test_a_budget_counts_what_was_spent_before_it_was_set(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        spender.spend(work, 1)
        spender.send(work, 2)
        limit_project(work, spender)
        # The second call does not know of the budget: it counts at its bound, whatever it comes to.
        assert spender.taken(work) == (Amount(Decimal("0.4"), 2, 110), Amount())


def test_a_budget_counts_what_was_spent_before_as_it_would_have_been_counted(
    database: Database, spender: Spender
) -> None:
    def spend(work: Work, first: int) -> None:
        root = spender.run.root_id
        spender.spend(work, first)
        for number in range(first + 1, first + 6):
            spender.send(work, number)
        for refused in (first + 1, first + 4):
            work.calls.released(root, request(refused).key, "it said no")
        for lost in (first + 2, first + 3, first + 5):
            work.calls.uncertain(root, request(lost).key)
        work.calls.sent(spender.run, request(first + 3).key)
        work.calls.answered(root, request(first + 3).key, "key", USED, 1)
        work.calls.sent(spender.run, request(first + 5).key)
        work.calls.released(root, request(first + 5).key, "it said no")

    with database.transaction(DEFAULT_SCOPE) as work:
        spend(work, 1)
        limit_project(work, spender, Limits(cost_usd=Decimal(10)))
        counted, none = spender.taken(work)
        spend(work, 11)
        assert (Amount() - counted) + spender.taken(work)[0] == counted
        assert (counted, none) == (Amount(Decimal("1.1"), 5, 320), Amount())


def test_an_answer_that_comes_after_all_takes_the_place_of_its_bound(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.send(work, 1)
        work.calls.uncertain(spender.run.root_id, request(1).key)
        row = work.calls.answered_and_settled(spender.run.root_id, request(1).key, "key", USED, 1)
        assert (row.state, row.sends, row.cost) == (CallState.SETTLED, 1, Decimal("0.1"))
        assert spender.taken(work) == (Amount(Decimal("0.1"), 1, 10), Amount())


def elsewhere(number: int, cost: str) -> CallRequest:
    """Return the same request as it is asked of another source, which has prices of its own."""
    return replace(request(number), source="other", model="gpt-2", bound=Usage(60, 30, Decimal(cost)))


def test_a_refused_call_that_another_source_takes_up_is_that_ones(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.send(work, 1)
        work.calls.released(spender.run.root_id, request(1).key, "it said no")
        again = Spender(work, claim(work, new_execution(work, root_id=spender.run.root_id).id, dead=True))
        work.calls.reserve_and_send(spender.run, again.execution.id, elsewhere(1, "0.6"), "key")
        assert spender.taken(work) == (Amount(), Amount(Decimal("0.6"), 1, 90))
        [row] = work.calls.list(spender.run.root_id)
        assert (row.source, row.model, row.execution_id) == ("other", "gpt-2", again.execution.id)
        work.calls.answered(spender.run.root_id, request(1).key, "key", USED, 1)
        assert [(cost.source, cost.cost) for cost in work.calls.costs()] == [("other", USED.cost)]


def test_a_lost_call_that_is_sent_again_puts_aside_what_it_may_cost_now(database: Database, spender: Spender) -> None:
    root, execution = spender.run.root_id, spender.execution.id
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.send(work, 1)
        work.calls.uncertain(root, request(1).key)
        with pytest.raises(BudgetExceeded):
            work.calls.reserve_and_send(spender.run, execution, elsewhere(1, "0.8"), "key")
        row = work.calls.reserve_and_send(spender.run, execution, elsewhere(1, "0.6"), "key")
        assert (row.state, row.sends, row.source) == (CallState.SENT, 2, "other")
        assert spender.taken(work) == (Amount(Decimal("0.3"), 1, 100), Amount(Decimal("0.6"), 1, 90))
        work.calls.uncertain(root, request(1).key)
        assert spender.taken(work) == (Amount(Decimal("0.9"), 2, 190), Amount())


def test_what_a_dead_run_sent_is_charged_where_nobody_set_a_budget(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        spender.send(work, 1)
        work.executions.reconcile(spender.execution.id, ExecutionStatus.FAILED)
        assert work.calls.end_abandoned(timedelta(minutes=10)) == 1
        [cost] = work.calls.costs()
        assert cost.cost == BOUND.cost


def test_a_day_begins_anew(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, Limits(calls=1), Period.DAY)
        spender.spend(work, 1)
        with pytest.raises(BudgetExceeded, match="project demo for 2026-11-21 is 1 calls"):
            spender.reserve(work, 2)
        database.clock.now += timedelta(days=1)  # type: ignore[attr-defined]  # the ticking clock of the fixture
        spender.reserve(work, 2)


def test_runs_projects_and_the_organisation_are_limited_at_once(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.budgets.define(None, Period.TOTAL, Limits(calls=2))
        other = Spender(work, claim(work, new_execution(work, "other").id))
        spender.run = replace(spender.run, limits=Limits(calls=1))
        spender.spend(work, 1)
        with pytest.raises(BudgetExceeded, match="this run is 1 calls"):
            spender.reserve(work, 2)
        other.spend(work, 1)
        with pytest.raises(BudgetExceeded, match="the organisation is 2 calls"):
            other.reserve(work, 2)


def test_a_dead_run_gives_back_what_was_never_sent_and_pays_for_the_rest(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.reserve(work, 1)
        spender.send(work, 2)
        assert work.calls.end_abandoned(timedelta(minutes=10)) == 0
        work.executions.reconcile(spender.execution.id, ExecutionStatus.FAILED)
        assert work.calls.end_abandoned(timedelta(minutes=10)) == 2
        assert spender.taken(work) == (Amount(Decimal("0.3"), 1, 100), Amount())


def test_a_budget_is_changed_and_taken_away(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        limit_project(work, spender, Limits(tokens=5))
        [budget] = work.budgets.defined()
        assert (budget.cost_usd, budget.tokens) == (None, 5)
        for _ in range(2):
            work.budgets.remove(spender.run.project_id, Period.TOTAL)
        assert work.budgets.defined() == []


def test_a_budget_that_is_set_again_counts_what_was_spent_without_it(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.spend(work, 1)
        work.budgets.remove(spender.run.project_id, Period.TOTAL)
        spender.spend(work, 2, BOUND)
        limit_project(work, spender)
        assert spender.taken(work) == (Amount(Decimal("0.4"), 2, 110), Amount())


@pytest.mark.parametrize("period", Period)
def test_calls_that_a_budget_held_when_it_was_taken_away_are_counted_once_by_the_next(
    database: Database, spender: Spender, period: Period
) -> None:
    root = spender.run.root_id
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, Limits(cost_usd=Decimal(2)), period)
        for number in (1, 2, 3):
            spender.send(work, number)
        work.calls.uncertain(root, request(2).key)
        work.calls.sent(spender.run, request(2).key)
        work.budgets.remove(spender.run.project_id, period)
        work.calls.answered(root, request(1).key, "key", USED, 1)
        spender.send(work, 4)
        limit_project(work, spender, Limits(cost_usd=Decimal(2)), period)
        # The last call does not know of the budget: it counts at its bound, whatever it comes to.
        assert spender.taken(work) == (Amount(Decimal("0.7"), 3, 210), Amount(Decimal("0.6"), 2, 200))
        for number in (2, 3, 4):
            work.calls.answered(root, request(number).key, "key", USED, 1)
        assert spender.taken(work) == (Amount(Decimal("0.9"), 5, 230), Amount())


def test_a_budget_set_again_gives_back_nothing_that_was_charged(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender)
        spender.spend(work, 1, replace(USED, cost=None))
        work.budgets.remove(spender.run.project_id, Period.TOTAL)
        limit_project(work, spender)
        assert spender.taken(work) == (Amount(Decimal("0.3"), 1, 10), Amount())


def test_an_attempt_with_a_budget_counts_what_one_without_spent(database: Database, spender: Spender) -> None:
    limited, free = replace(spender.run, limits=Limits(calls=3)), spender.run
    with database.transaction(DEFAULT_SCOPE) as work:
        for number, run in enumerate((limited, free, free)):
            work.budgets.recount(run.root_id)
            spender.run = run
            spender.spend(work, number)
        work.budgets.recount(limited.root_id)
        spender.run = limited
        with pytest.raises(BudgetExceeded, match="this run is 3 calls"):
            spender.reserve(work, 3)


def test_threads_at_once_never_get_over_the_limit(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        spenders = [Spender(work, claim(work, new_execution(work).id, f"host:{number}")) for number in range(4)]
        limit_project(work, spenders[0])

    def spend(spender: Spender) -> int:
        made = 0
        for number in range(10):
            try:
                with database.transaction(DEFAULT_SCOPE) as work:
                    spender.send(work, number)
                with database.transaction(DEFAULT_SCOPE) as work:
                    work.calls.answered(spender.run.root_id, request(number).key, "key", USED, 1)
                made += 1
            except (BudgetExceeded, BudgetReserved):
                continue
        return made

    with ThreadPoolExecutor(4) as threads:
        made = sum(threads.map(spend, spenders))
    with database.transaction(DEFAULT_SCOPE) as work:
        assert spenders[0].taken(work) == (Amount(made * Decimal("0.1"), made, made * 10), Amount())
    assert 1 <= made <= 8


async def test_ledgers_at_once_never_get_over_the_limit(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        leases = [claim(work, new_execution(work).id, f"host:{number}") for number in range(6)]
        first = Spender(work, leases[0])
        limit_project(work, first)

    async def spend(lease: Lease) -> int:
        ledger, made = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id), 0
        for number in range(8):
            assert await ledger.find(request(number).key) is None
            with suppress(BudgetExceeded, BudgetReserved):
                await ledger.reserve_and_send(request(number))
                await ledger.record_and_settle(request(number).key, "text", USED, latency_ms=1)
                made += 1
        return made

    made = sum(await asyncio.gather(*map(spend, leases)))
    with database.transaction(DEFAULT_SCOPE) as work:
        assert first.taken(work) == (Amount(made * Decimal("0.1"), made, made * 10), Amount())
    assert 1 <= made <= 8


async def test_a_ledger_takes_back_what_dead_runs_have_reserved(database: Database, spender: Spender) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        limit_project(work, spender, Limits(calls=1))
        spender.reserve(work, 1)
        lease = running_execution(work)
    ledger = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    with pytest.raises(BudgetReserved):
        await ledger.reserve(request(2))
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.reconcile(spender.execution.id, ExecutionStatus.FAILED)
    assert (await ledger.reserve(request(2))).state is CallState.RESERVED
