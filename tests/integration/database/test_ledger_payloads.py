"""What the ledger keeps beside its rows, and what it finds again after a crash between the two."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event

from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallState, Usage
from repomill.calls.queues import QueueLimits
from repomill.canonical import Json
from repomill.errors import ArtifactStoreUnavailable, IllegalTransition, OwnershipLost
from storage.artifacts.local import LocalDirectoryStore
from storage.artifacts.memory import MemoryStore
from storage.database._engine import IN_HASTE
from storage.database.lease import Lease
from storage.database.ledger import SqlCallLedger
from storage.database.models import Call
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus
from tests.fakes.stored_rows import fake_digest, running_execution

KEY = CallKey("plan", 1, fake_digest("r"))
USAGE = Usage(input_tokens=10, output_tokens=20, cost=Decimal("0.0001234567"))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def lease(database: Database) -> Lease:
    with database.transaction(DEFAULT_SCOPE) as work:
        return running_execution(work)


@pytest.fixture
def ledger(database: Database, store: MemoryStore, lease: Lease) -> SqlCallLedger:
    return SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)


def _request(key: CallKey = KEY) -> CallRequest:
    return CallRequest(key, CallKind.MODEL, "main", "m", {"prompt": "Write."}, Usage(10, 20, Decimal("0.05")))


def _row(database: Database, lease: Lease) -> Call:
    with database.transaction(DEFAULT_SCOPE) as work:
        (call,) = work.calls.list(lease.execution_id)
    return call


async def _send(ledger: SqlCallLedger, key: CallKey = KEY) -> None:
    await ledger.reserve(_request(key))
    await ledger.mark_sent(key)


async def test_a_row_tells_what_a_call_cost(ledger: SqlCallLedger, database: Database, lease: Lease) -> None:
    await _send(ledger)
    await ledger.record_answer(KEY, {"text": "x"}, USAGE, latency_ms=7)
    await ledger.settle(KEY)
    row = _row(database, lease)
    assert (row.state, row.cost, row.reserved_amount) == (CallState.SETTLED, USAGE.cost, Decimal("0.05"))
    assert (row.input_tokens, row.output_tokens, row.latency_ms) == (10, 20, 7)
    assert None not in {row.sent_at, row.answered_at, row.settled_at}


async def test_payloads_lie_under_the_organisation_and_the_root(
    ledger: SqlCallLedger, store: MemoryStore, lease: Lease
) -> None:
    await _send(ledger)
    await ledger.record_answer(KEY, {"text": "x"}, USAGE, latency_ms=7)
    prefix = f"org/{DEFAULT_ORGANISATION_ID}/calls/{lease.execution_id}/"
    keys = [key async for key in store.list()]
    assert [key.startswith(prefix) for key in keys] == [True, True]
    assert [key.rsplit(".", 2)[1] for key in keys] == ["request", "response"]


class HeldUp:
    """Makes a store's way of writing wait until it may."""

    def __init__(self) -> None:
        self.has_begun, self.may_store = threading.Event(), threading.Event()

    def before(self, write: Callable[..., None]) -> Callable[..., None]:
        def held_up(*arguments: object) -> None:
            self.has_begun.set()
            self.may_store.wait()
            write(*arguments)

        return held_up


@pytest.fixture
def held_up() -> Iterator[HeldUp]:
    held_up = HeldUp()
    yield held_up
    held_up.may_store.set()


@pytest.fixture
def slow_store(tmp_path: Path, held_up: HeldUp, monkeypatch: pytest.MonkeyPatch) -> LocalDirectoryStore:
    store = LocalDirectoryStore(tmp_path)
    monkeypatch.setattr(store, "_write", held_up.before(store._write))
    return store


async def test_no_row_names_a_payload_that_is_not_stored_yet(
    database: Database, lease: Lease, slow_store: LocalDirectoryStore, held_up: HeldUp
) -> None:
    ledger = SqlCallLedger(database, slow_store, DEFAULT_SCOPE, lease, lease.execution_id)
    sending = asyncio.create_task(ledger.reserve_and_send(_request()))
    await asyncio.to_thread(held_up.has_begun.wait)
    await asyncio.sleep(0.1)
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        assert not work.calls.list(lease.execution_id)
    assert not sending.done()
    held_up.may_store.set()
    assert (await sending).state is CallState.SENT
    assert await slow_store.exists(_row(database, lease).request_key)


async def test_an_answer_is_stored_though_its_row_is_refused(
    database: Database, tmp_path: Path, lease: Lease, held_up: HeldUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalDirectoryStore(tmp_path / "objects")
    await store.check()
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    await ledger.reserve_and_send(_request())
    monkeypatch.setattr(store, "_write", held_up.before(store._write))
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.finish(lease, ExecutionStatus.FAILED)
    with pytest.raises(OwnershipLost):
        await ledger.record_and_settle(KEY, {"text": "x"}, USAGE, latency_ms=7)
    held_up.may_store.set()
    await store.aclose()
    assert len([key async for key in store.list()]) == 2


def test_a_database_can_be_closed_while_a_payload_is_being_stored(
    migrated_url: str, tmp_path: Path, held_up: HeldUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the event loop, as flows do, while the caller is cancelled."""
    database, store = Database(migrated_url), LocalDirectoryStore(tmp_path)
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
    monkeypatch.setattr(store, "_write", held_up.before(store._write))
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)

    async def main() -> None:
        sending = asyncio.create_task(ledger.reserve_and_send(_request()))
        await asyncio.to_thread(held_up.has_begun.wait)
        sending.cancel()
        threading.Timer(0.2, held_up.may_store.set).start()
        database.close()

    asyncio.run(main())
    reopened = Database(migrated_url)
    assert _row(reopened, lease).state is CallState.SENT
    reopened.close()


async def test_two_nodes_that_ask_the_same_keep_their_own_answers(ledger: SqlCallLedger) -> None:
    other = CallKey("review", 1, KEY.request_digest)
    for key, text in ((KEY, "for plan"), (other, "for review")):
        await _send(ledger, key)
        await ledger.record_answer(key, text, USAGE, latency_ms=1)
    found = [await ledger.find(key) for key in (KEY, other)]
    assert [row.response for row in found if row] == ["for plan", "for review"]


async def test_an_answer_is_kept_whatever_it_holds(ledger: SqlCallLedger) -> None:
    answer: Json = {"text": "nul \x00 half \ud83d", "big": 2**63, "small": 0.1}
    await _send(ledger)
    await ledger.record_answer(KEY, answer, USAGE, latency_ms=1)
    found = await ledger.find(KEY)
    assert found is not None
    assert found.response == answer


class Killed(Exception):
    pass


class DyingStore(MemoryStore):
    """The process dies as soon as an answer is stored."""

    async def put(self, key: str, content: bytes) -> None:
        await super().put(key, content)
        if key.endswith(".response.json"):
            raise Killed


async def test_an_answer_whose_row_was_not_written_is_found(database: Database, lease: Lease) -> None:
    ledger = SqlCallLedger(database, DyingStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    await _send(ledger)
    with pytest.raises(Killed):
        await ledger.record_answer(KEY, "paid for", USAGE, latency_ms=3)
    assert _row(database, lease).state is CallState.SENT
    found = await ledger.find(KEY)
    assert found is not None
    assert (found.state, found.response) == (CallState.ANSWERED, "paid for")
    assert _row(database, lease).cost == USAGE.cost


async def test_an_answer_that_was_taken_for_lost_is_found(database: Database, lease: Lease) -> None:
    ledger = SqlCallLedger(database, DyingStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    await _send(ledger)
    with pytest.raises(Killed):
        await ledger.record_answer(KEY, "paid for", USAGE, latency_ms=3)
    await ledger.mark_uncertain(KEY)
    found = await ledger.find(KEY)
    assert found is not None
    assert (found.state, found.sends, found.response) == (CallState.ANSWERED, 1, "paid for")
    assert _row(database, lease).cost == USAGE.cost


async def test_an_answer_that_comes_when_the_call_was_given_up_is_kept(
    ledger: SqlCallLedger, database: Database, lease: Lease
) -> None:
    await _send(ledger)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.calls.end_open(lease.execution_id) == 1
    assert (await ledger.record_and_settle(KEY, "late", USAGE, latency_ms=3)).state is CallState.SETTLED
    assert _row(database, lease).cost == USAGE.cost


async def test_an_uncertain_call_is_charged_at_its_bound_and_again_when_it_is_answered(
    ledger: SqlCallLedger, database: Database, lease: Lease
) -> None:
    await _send(ledger)
    await ledger.mark_uncertain(KEY)
    assert _row(database, lease).cost == Decimal("0.05")
    assert (await ledger.mark_sent(KEY)).sends == 2
    await ledger.record_answer(KEY, "x", USAGE, latency_ms=1)
    assert _row(database, lease).cost == Decimal("0.0501234567")


async def test_a_call_without_price_costs_nobody_knows_what(
    ledger: SqlCallLedger, database: Database, lease: Lease
) -> None:
    await _send(ledger)
    await ledger.record_answer(KEY, "x", Usage(1, 2), latency_ms=1)
    assert _row(database, lease).cost is None


async def test_nothing_is_reserved_when_the_request_cannot_be_stored(ledger: SqlCallLedger, store: MemoryStore) -> None:
    store.available = False
    with pytest.raises(ArtifactStoreUnavailable):
        await ledger.reserve(_request())
    store.available = True
    assert await ledger.find(KEY) is None


async def test_nothing_is_reserved_when_what_was_begun_fails(database: Database, tmp_path: Path, lease: Lease) -> None:
    store = LocalDirectoryStore(tmp_path / "not there")
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    with pytest.raises(ArtifactStoreUnavailable):
        await ledger.reserve_and_send(_request())
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        assert not work.calls.list(lease.execution_id)
    await store.check()
    assert (await ledger.reserve_and_send(_request())).state is CallState.SENT


async def test_a_second_try_to_reserve_waits_for_the_payload_too(
    database: Database, lease: Lease, slow_store: LocalDirectoryStore, held_up: HeldUp
) -> None:
    """Another execution of the root was quicker: the row that seemed new is there."""
    seeming_new = SqlCallLedger(database, slow_store, DEFAULT_SCOPE, lease, lease.execution_id)
    assert await seeming_new.find(KEY) is None
    other = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    await other.reserve(_request())
    await other.release(KEY, "it was refused")
    reserving = asyncio.create_task(seeming_new.reserve(_request()))
    await asyncio.to_thread(held_up.has_begun.wait)
    await asyncio.sleep(0.2)
    before = reserving.done()
    held_up.may_store.set()
    assert (await reserving).state is CallState.RESERVED
    assert not before


@pytest.mark.parametrize("is_of_calls", [True, False])
async def test_calls_are_durable_and_their_turns_need_not_be(
    database: Database, ledger: SqlCallLedger, *, is_of_calls: bool
) -> None:
    board = SqlQueueBoard(database, DEFAULT_SCOPE, durable=not is_of_calls)
    seen = list[bool]()

    def note(connection: Connection) -> None:
        seen.append(not connection.get_execution_options().get(IN_HASTE, False))

    await ledger.find(KEY)
    event.listen(database.engine, "commit", note)
    await ledger.reserve_and_send(_request())
    await ledger.record_and_settle(KEY, {"text": "x"}, USAGE, latency_ms=7)
    await board.enter(QueueLimits("main", concurrency=1), uuid4(), has_turn=False)
    event.remove(database.engine, "commit", note)
    assert seen == [True, True, not is_of_calls]


async def test_a_call_that_was_not_reserved_cannot_be_sent(ledger: SqlCallLedger) -> None:
    with pytest.raises(IllegalTransition):
        await ledger.mark_sent(KEY)
