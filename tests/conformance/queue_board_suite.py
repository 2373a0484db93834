"""What every queue board does; a test class inherits this and brings fixtures `board` and `clock`."""

from uuid import UUID, uuid4

import pytest

from repomill.calls.queues import SLOT_LIFE, Entry, QueueBoard, QueueLimits

RATE = QueueLimits("slow", requests_per_minute=60)
TWO = QueueLimits("narrow", concurrency=2)
OPEN = QueueLimits("open")


class SetClock:
    """A clock that stands still until somebody moves it; in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def enter(board: QueueBoard, queue: QueueLimits, holder: UUID | None = None, *, has_turn: bool = False) -> float:
    """Try to enter; return the seconds after which to try again."""
    return (await board.enter(queue, holder or uuid4(), has_turn=has_turn)).delay


class QueueBoardSuite:
    async def test_turns_follow_each_other_at_the_rate(self, board: QueueBoard) -> None:
        assert [await enter(board, RATE) for _ in range(3)] == [0.0, 1.0, 2.0]

    async def test_turns_that_nobody_took_are_not_saved_up(self, board: QueueBoard, clock: SetClock) -> None:
        await enter(board, RATE)
        clock.now += 60
        assert [await enter(board, RATE) for _ in range(2)] == [0.0, 1.0]

    async def test_as_many_enter_as_the_bound_says(self, board: QueueBoard) -> None:
        holders = [uuid4() for _ in range(3)]
        assert [await enter(board, TWO, holder) > 0 for holder in holders] == [False, False, True]
        await board.leave(TWO, holders[0])
        assert await enter(board, TWO, holders[2]) == 0

    async def test_the_slot_of_a_dead_holder_comes_back(self, board: QueueBoard, clock: SetClock) -> None:
        living, dead = uuid4(), uuid4()
        for holder in (living, dead):
            await enter(board, TWO, holder)
        clock.now += SLOT_LIFE / 2
        await board.renew(TWO, living)
        clock.now += SLOT_LIFE / 2
        assert [await enter(board, TWO) > 0 for _ in range(2)] == [False, True]

    @pytest.mark.parametrize("queue", [OPEN, TWO], ids=str)
    async def test_a_pause_keeps_everybody_out(self, board: QueueBoard, clock: SetClock, queue: QueueLimits) -> None:
        await board.pause(queue, 7.0)
        await board.pause(queue, 3.0)
        assert await enter(board, queue) == 7.0
        clock.now += 7
        assert await enter(board, queue) == 0

    async def test_a_turn_that_is_taken_is_not_taken_again(self, board: QueueBoard, clock: SetClock) -> None:
        await enter(board, RATE)
        entry = await board.enter(RATE, holder := uuid4(), has_turn=False)
        assert entry == Entry(1.0, has_turn=True)
        clock.now += 1
        assert await enter(board, RATE, holder, has_turn=True) == 0
        assert await enter(board, RATE) == 1.0

    async def test_nobody_takes_a_turn_within_a_pause(self, board: QueueBoard, clock: SetClock) -> None:
        await board.pause(RATE, 5.0)
        assert await board.enter(RATE, uuid4(), has_turn=False) == Entry(5.0, has_turn=False)
        clock.now += 5
        assert [await enter(board, RATE) for _ in range(2)] == [0.0, 1.0]

    async def test_queues_know_nothing_of_each_other(self, board: QueueBoard) -> None:
        await board.pause(TWO, 5.0)
        assert (await enter(board, OPEN), await enter(board, RATE)) == (0, 0)

    async def test_leaving_twice_is_no_error(self, board: QueueBoard) -> None:
        for _ in range(2):
            await board.leave(TWO, uuid4())
