"""The call ledger's suite on both databases, and agents that run on it."""

import asyncio
from dataclasses import replace

import pytest

from repomill.calls.ledger import CallLedger, CallRow, CallState, LedgerMode
from repomill.errors import IllegalTransition, OwnershipLost
from storage.artifacts.memory import MemoryStore
from storage.database.lease import Lease
from storage.database.ledger import SqlCallLedger
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.conformance.call_ledger_suite import KEY, RESPONSE, CallLedgerSuite, call, walk
from tests.fakes.agent_runs import ask, runner_for
from tests.fakes.stored_rows import claim, running_execution
from tests.servers.model_server import model_server


@pytest.fixture
def lease(database: Database) -> Lease:
    with database.transaction(DEFAULT_SCOPE) as work:
        return running_execution(work)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def ledger(database: Database, store: MemoryStore, lease: Lease) -> CallLedger:
    return SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)


class TestSqlCallLedger(CallLedgerSuite):
    """Every test of the suite, once for each database."""


async def test_another_process_finds_what_was_stored(
    ledger: CallLedger, database: Database, store: MemoryStore, lease: Lease
) -> None:
    await walk(ledger, "reserve send answer settle")
    other = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    assert await other.find(KEY) == CallRow(KEY, CallState.SETTLED, 1, RESPONSE)


async def test_two_executions_of_one_root_that_both_saw_no_call_write_one(
    ledger: CallLedger, database: Database, store: MemoryStore, lease: Lease
) -> None:
    other = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    assert (await ledger.find(KEY), await other.find(KEY)) == (None, None)
    await walk(ledger, "reserve send")
    with pytest.raises(IllegalTransition, match="sent"):
        await walk(other, "reserve")


@pytest.mark.parametrize("beside", [0, 3])
async def test_a_call_that_another_execution_of_the_root_took_first_goes_out_once_more(
    ledger: CallLedger, database: Database, store: MemoryStore, lease: Lease, beside: int
) -> None:
    """Alone in its transaction, and in one with other calls."""
    other = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    assert (await ledger.find(KEY), await other.find(KEY)) == (None, None)
    await walk(other, "reserve send release")
    others = [replace(call(), key=replace(KEY, ordinal=2 + number)) for number in range(beside)]
    rows = await asyncio.gather(*map(ledger.reserve_and_send, [*others, call()]))
    assert [(row.state, row.sends) for row in rows] == [(CallState.SENT, 1)] * (beside + 1)


async def test_a_process_that_lost_the_execution_can_write_no_more(
    ledger: CallLedger, database: Database, lease: Lease
) -> None:
    await walk(ledger, "reserve send")
    with database.transaction(DEFAULT_SCOPE) as work:
        claim(work, lease.execution_id, "host:2", dead=True)
    with pytest.raises(OwnershipLost):
        await walk(ledger, "answer")


async def test_a_resumed_agent_asks_nothing_that_is_in_the_database(ledger: CallLedger) -> None:
    with model_server() as server:
        for mode in LedgerMode:
            async with runner_for(server.base_url, ledger, mode) as agents:
                await agents.run(ask("Write.", files=True))
                await agents.run(ask("Plan.", "loop[1].plan", schema={"type": "array", "items": {"type": "integer"}}))
    assert len(server.requests) == 2
