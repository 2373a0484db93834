"""The queue board's suite on the in-memory twin."""

import pytest

from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.queues import QueueBoard
from tests.conformance.queue_board_suite import QueueBoardSuite, SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def board(clock: SetClock) -> QueueBoard:
    return MemoryQueueBoard(clock)


class TestMemoryQueueBoard(QueueBoardSuite):
    """Every test of the suite."""
