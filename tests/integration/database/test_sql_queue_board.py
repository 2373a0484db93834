"""The queue board's suite on both databases, and processes that share a board."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import ProgrammingError

from repomill.calls.queues import LOOK_AGAIN, SLOT_LIFE, QueueBoard, QueueLimits
from storage.database.models import Organisation
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.conformance.queue_board_suite import QueueBoardSuite, SetClock, enter
from tests.fakes.stored_rows import NOW
from tests.servers import postgresql


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def timed_database(migrated_url: str, clock: SetClock) -> Iterator[Database]:
    opened = Database(migrated_url, clock=lambda: datetime.fromtimestamp(clock(), UTC))
    yield opened
    opened.close()


@pytest.fixture
def board(timed_database: Database) -> QueueBoard:
    return SqlQueueBoard(timed_database, DEFAULT_SCOPE)


class TestSqlQueueBoard(QueueBoardSuite):
    """Every test of the suite, once for each database."""


async def test_no_turn_and_no_slot_is_given_out_twice(board: QueueBoard) -> None:
    rate, five = QueueLimits("new", requests_per_minute=60), QueueLimits("new", concurrency=5)
    assert sorted(await asyncio.gather(*(enter(board, rate) for _ in range(8)))) == [float(n) for n in range(8)]
    waits = await asyncio.gather(*(enter(board, five) for _ in range(8)))
    assert sum(wait == 0 for wait in waits) == 5


@contextmanager
def held(database: Database, queue: QueueLimits) -> Iterator[None]:
    """Keep the queue's lock, as a machine does that stands still."""
    with database.transaction(DEFAULT_SCOPE) as work:
        work.call_queues.pause(queue, timedelta(0))
        yield


@pytest.mark.parametrize("concurrency", [None, 9])
async def test_turns_that_were_due_while_a_queue_was_locked_come_one_after_the_other(
    timed_database: Database, clock: SetClock, concurrency: int | None
) -> None:
    queue = QueueLimits("paced", concurrency, requests_per_minute=120)
    boards = [SqlQueueBoard(timed_database, DEFAULT_SCOPE) for _ in range(5)]  # each as in a process of its own
    await enter(boards.pop(), queue)
    asking = list[asyncio.Task[float]]()
    with held(timed_database, queue):
        for board in boards:
            clock.now += 1.0
            asking.append(asyncio.create_task(enter(board, queue)))
            await asyncio.sleep(0.2)
        clock.now += 1.0
    assert sorted(await asyncio.gather(*asking)) == [0.0, 0.5, 1.0, 1.5]


async def test_a_slot_lives_from_when_it_was_taken(timed_database: Database, clock: SetClock) -> None:
    queue = QueueLimits("narrow", concurrency=1, requests_per_minute=600)
    first, board = (SqlQueueBoard(timed_database, DEFAULT_SCOPE) for _ in range(2))
    holder = uuid4()
    await first.enter(queue, holder, has_turn=False)
    await first.leave(queue, holder)
    clock.now += 1.0
    with held(timed_database, queue):
        asking = asyncio.create_task(enter(board, queue))
        await asyncio.sleep(0.2)
        clock.now += SLOT_LIFE - 1
    assert await asking == 0
    clock.now += 2.0
    assert await enter(board, queue) == LOOK_AGAIN


async def test_a_turn_is_that_of_the_own_organisation_whatever_the_name_of_its_queue(database: Database) -> None:
    """The name goes out within the text of a request."""
    odd = QueueLimits("q\\'\"; DROP TABLE users; -- é %s $1", requests_per_minute=1)
    other = replace(DEFAULT_SCOPE, organisation_id=uuid4())
    with database.exclusive(1) as connection:
        values = {"id": other.organisation_id, "name": "O", "slug": "o", "created_at": NOW}
        connection.execute(insert(Organisation).values(**values))
    for scope in (DEFAULT_SCOPE, other):
        waits = [await enter(SqlQueueBoard(database, scope), odd) for _ in range(2)]
        assert (waits[0], waits[1] > 30) == (0.0, True)


async def test_what_the_database_does_not_permit_is_no_outage(postgresql_server: str, migrated_postgresql: str) -> None:
    queue, name = QueueLimits("main", requests_per_minute=1), f"test_{uuid4().hex}"
    database = Database(postgresql.create_database(postgresql_server, name, migrated_postgresql))
    board = SqlQueueBoard(database, DEFAULT_SCOPE)
    await enter(board, queue)
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE call_queues RENAME COLUMN paused_until TO until"))
    with pytest.raises(ProgrammingError, match="paused_until"):
        await enter(board, queue)
    database.close()
