"""The queue board's suite on both databases, and processes that share a board."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from repomill.calls.queues import QueueBoard, QueueLimits
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.conformance.queue_board_suite import QueueBoardSuite, SetClock, enter


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
