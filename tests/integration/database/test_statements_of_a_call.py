"""What a call asks of the database: its time goes into statements, so their number is held."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from repomill.calls.budget import Limits, Period
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallKey, CallKind, LedgerMode, Usage
from repomill.calls.node_calls import NodeCalls
from repomill.calls.queues import QueueLimits
from repomill.calls.sending import Answered
from repomill.calls.shared_queues import SharedQueues
from storage.artifacts.memory import MemoryStore
from storage.database.ledger import SqlCallLedger
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import NOW, running_execution

QUEUE = QueueLimits("models", concurrency=5, requests_per_minute=10**6)
BOUND = Usage(100, 100, Decimal("0.01"))
LIMITS = Limits(cost_usd=Decimal(100), calls=1000)

QUEUED, OWNED = "UPDATE call_queues", "SELECT executions"
RESERVED = ["SELECT budgets", "SELECT budget_accounts", "UPDATE budget_accounts", "INSERT calls"]
SETTLED = ["UPDATE calls", "UPDATE budget_accounts"]


async def keep(seconds: float) -> None:
    """Let no time pass: a slot stays at hand however busy this machine is."""
    await asyncio.Event().wait()


async def send() -> Answered:
    return Answered({}, Usage(10, 10, Decimal("0.001")))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A database that takes a millisecond for whatever it does, however busy this machine is."""
    passed = itertools.count()
    opened = Database(migrated_url, clock=lambda: NOW + timedelta(milliseconds=next(passed)))
    yield opened
    opened.close()


async def test_a_call_with_two_budgets_and_a_slot_at_hand_is_three_short_transactions(database: Database) -> None:
    """PostgreSQL hears in the request that begins a transaction all that there is to do; SQLAlchemy sees nothing."""
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
        project = work.executions.get(lease.execution_id).project_id
        for period in Period:
            work.budgets.define(project, period, LIMITS)
    ledger = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    queues = SharedQueues(SqlQueueBoard(database, DEFAULT_SCOPE), {"main": QUEUE}, keep, lambda: 0.0)
    calls = NodeCalls(LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues), "node")
    for _ in range(2):
        with_slot = _Statements(database)
        await calls.call(CallKind.HTTP, "main", {}, send, bound=BOUND)
        seen = with_slot.ended()
    await queues.aclose()
    if database.engine.dialect.name == "postgresql":
        assert seen == []
    else:
        assert seen == [QUEUED, OWNED, *RESERVED, OWNED, *SETTLED]


async def test_calls_that_begin_at_once_look_once_what_is_there(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
    ledger = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    seen = _Statements(database)
    found = await asyncio.gather(*(ledger.find(CallKey(f"node[{number}]", 1, "0" * 64)) for number in range(20)))
    assert found == [None] * 20
    assert seen.ended() == ["SELECT execution_attempts", "SELECT calls"]


class _Statements:
    """Notes verb and table of what goes to the database."""

    def __init__(self, database: Database) -> None:
        self._engine, self._seen = database.engine, list[str]()
        event.listen(self._engine, "before_cursor_execute", self._note)

    def ended(self) -> list[str]:
        event.remove(self._engine, "before_cursor_execute", self._note)
        return self._seen

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        words = statement.replace("(", " ").replace(".", " ").split()
        if words[0] in {"SELECT", "UPDATE", "INSERT", "DELETE"}:
            table = words[2] if words[0] in {"INSERT", "DELETE"} else words[1]
            self._seen.append(f"{words[0]} {table}")
