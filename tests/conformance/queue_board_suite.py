"""What every queue board does; a test class inherits this and brings fixtures `board` and `clock`."""

from uuid import uuid4

import pytest

from repomill.calls.queues import SLOT_LIFE, QueueBoard, QueueLimits

RATE = QueueLimits("slow", requests_per_minute=60)
TWO = QueueLimits("narrow", concurrency=2)
OPEN = QueueLimits("open")


class SetClock:
    """A clock that stands still until somebody moves it; in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class QueueBoardSuite:
    async def test_turns_follow_each_other_at_the_rate(self, board: QueueBoard) -> None:
        assert [await board.book(RATE) for _ in range(3)] == [0.0, 1.0, 2.0]

    async def test_turns_that_nobody_took_are_not_saved_up(self, board: QueueBoard, clock: SetClock) -> None:
        await board.book(RATE)
        clock.now += 60
        assert [await board.book(RATE) for _ in range(2)] == [0.0, 1.0]

    async def test_as_many_enter_as_the_bound_says(self, board: QueueBoard) -> None:
        holders = [uuid4() for _ in range(3)]
        assert [await board.enter(TWO, holder) > 0 for holder in holders] == [False, False, True]
        await board.leave(TWO, holders[0])
        assert await board.enter(TWO, holders[2]) == 0

    async def test_the_slot_of_a_dead_holder_comes_back(self, board: QueueBoard, clock: SetClock) -> None:
        living, dead = uuid4(), uuid4()
        for holder in (living, dead):
            await board.enter(TWO, holder)
        clock.now += SLOT_LIFE / 2
        await board.renew(TWO, living)
        clock.now += SLOT_LIFE / 2
        assert [await board.enter(TWO, uuid4()) > 0 for _ in range(2)] == [False, True]

    @pytest.mark.parametrize("queue", [OPEN, TWO], ids=str)
    async def test_a_pause_keeps_everybody_out(self, board: QueueBoard, clock: SetClock, queue: QueueLimits) -> None:
        await board.pause(queue, 7.0)
        await board.pause(queue, 3.0)
        assert await board.enter(queue, uuid4()) == 7.0
        clock.now += 7
        assert await board.enter(queue, uuid4()) == 0

    async def test_turns_begin_after_the_pause(self, board: QueueBoard) -> None:
        await board.pause(RATE, 5.0)
        assert [await board.book(RATE) for _ in range(2)] == [5.0, 6.0]

    async def test_queues_know_nothing_of_each_other(self, board: QueueBoard) -> None:
        await board.pause(TWO, 5.0)
        assert (await board.enter(OPEN, uuid4()), await board.book(RATE)) == (0, 0)

    async def test_leaving_twice_is_no_error(self, board: QueueBoard) -> None:
        for _ in range(2):
            await board.leave(TWO, uuid4())
