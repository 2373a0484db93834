"""What every queue board does; a test class inherits this and brings fixtures `board` and `clock`."""

from uuid import UUID, uuid4

import pytest

from repomill.calls.queues import LOOK_AGAIN, SLOT_LIFE, Entry, QueueBoard, QueueLimits

RATE = QueueLimits("slow", requests_per_minute=60)
TOKENS = QueueLimits("wordy", tokens_per_minute=6000)
TWO = QueueLimits("narrow", concurrency=2)
OPEN = QueueLimits("open")


class SetClock:
    """A clock that stands still until somebody moves it; in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def enter(
    board: QueueBoard, queue: QueueLimits, holder: UUID | None = None, *, has_turn: bool = False, tokens: int = 0
) -> float:
    """Try to enter; return the seconds after which to try again."""
    entry = await board.enter(queue, holder or uuid4(), has_turn=has_turn, tokens=tokens)
    return round(entry.delay, 3)


async def booked(board: QueueBoard) -> float:
    """Book a turn in the queue with a rate; return its instant."""
    turn = (await board.enter(RATE, uuid4(), has_turn=False)).turn_at
    assert turn is not None
    return turn


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
        assert entry == Entry(1.0, has_turn=True, turn_at=1001.0)
        clock.now += 1
        assert await enter(board, RATE, holder, has_turn=True) == 0
        assert await enter(board, RATE) == 1.0

    async def test_a_turn_in_which_nothing_was_sent_is_there_for_the_next(self, board: QueueBoard) -> None:
        await enter(board, RATE)
        assert await board.unbook(RATE, [await booked(board)]) == frozenset()
        assert [await enter(board, RATE) for _ in range(2)] == [1.0, 2.0]

    async def test_turns_go_back_the_latest_first(self, board: QueueBoard) -> None:
        await enter(board, RATE)
        assert await board.unbook(RATE, [await booked(board) for _ in range(4)]) == frozenset()
        assert await enter(board, RATE) == 1.0

    async def test_a_turn_that_another_stands_behind_goes_back_with_that_one(self, board: QueueBoard) -> None:
        await enter(board, RATE)
        first, second = [await booked(board) for _ in range(2)]
        assert await board.unbook(RATE, [first]) == {first}
        assert await enter(board, RATE) == 3.0
        assert await board.unbook(RATE, [first, second]) == {first, second}
        assert await enter(board, RATE) == 4.0

    async def test_a_turn_that_is_over_is_not_saved_up_when_it_goes_back(
        self, board: QueueBoard, clock: SetClock
    ) -> None:
        turns = [await booked(board) for _ in range(2)]
        clock.now += 60
        assert await board.unbook(RATE, turns[:1]) == frozenset()
        assert await board.unbook(RATE, turns[1:]) == frozenset()
        assert [await enter(board, RATE) for _ in range(2)] == [0.0, 1.0]

    async def test_a_queue_without_a_rate_has_no_turns_to_give_back(self, board: QueueBoard) -> None:
        assert (await board.enter(TWO, uuid4(), has_turn=False)).turn_at is None
        assert await board.unbook(TWO, [1000.0]) == frozenset()

    async def test_nobody_takes_a_turn_within_a_pause(self, board: QueueBoard, clock: SetClock) -> None:
        await board.pause(RATE, 5.0)
        assert await board.enter(RATE, uuid4(), has_turn=False) == Entry(5.0, has_turn=False)
        clock.now += 5
        assert [await enter(board, RATE) for _ in range(2)] == [0.0, 1.0]

    async def test_queues_know_nothing_of_each_other(self, board: QueueBoard) -> None:
        await board.pause(TWO, 5.0)
        assert (await enter(board, OPEN), await enter(board, RATE)) == (0, 0)

    async def test_a_call_that_lacks_only_a_slot_says_so(self, board: QueueBoard) -> None:
        one = QueueLimits("one", concurrency=1, requests_per_minute=60_000_000)
        await board.enter(one, uuid4(), has_turn=False)
        assert (await board.enter(one, uuid4(), has_turn=True)) == Entry(LOOK_AGAIN, has_turn=True, needs_slot=True)

    async def test_tokens_of_a_minute_are_there_at_once_and_come_back_evenly(
        self, board: QueueBoard, clock: SetClock
    ) -> None:
        assert [await enter(board, TOKENS, tokens=3000) for _ in range(2)] == [0, 0]
        assert await enter(board, TOKENS, holder := uuid4(), tokens=50) == 0.5
        clock.now += 0.5
        assert await enter(board, TOKENS, holder, tokens=50) == 0
        clock.now += 120
        assert [await enter(board, TOKENS, tokens=6000) > 0 for _ in range(2)] == [False, True]

    async def test_tokens_that_were_not_used_are_there_for_others(self, board: QueueBoard) -> None:
        await enter(board, TOKENS, tokens=6000)
        await board.give_back(TOKENS, 5900)
        assert [await enter(board, TOKENS, tokens=2950) for _ in range(2)] == [0, 0]

    async def test_who_waits_for_many_tokens_is_not_passed_by_those_who_need_few(
        self, board: QueueBoard, clock: SetClock
    ) -> None:
        first, second = uuid4(), uuid4()
        await enter(board, TOKENS, tokens=6000)
        for _ in range(30):
            assert await enter(board, TOKENS, first, tokens=3000) == 1
            assert await enter(board, TOKENS, second, tokens=1) > 0
            clock.now += 1
        assert await enter(board, TOKENS, first, tokens=3000) == 0
        assert await enter(board, TOKENS, second, tokens=1) > 0

    async def test_who_died_while_it_waited_for_tokens_keeps_nobody_out(
        self, board: QueueBoard, clock: SetClock
    ) -> None:
        await enter(board, TOKENS, tokens=6000)
        await enter(board, TOKENS, tokens=6000)
        clock.now += 1
        assert await enter(board, TOKENS, tokens=10) > 0
        clock.now += 2
        assert await enter(board, TOKENS, tokens=10) == 0

    async def test_tokens_that_are_taken_are_not_taken_again(self, board: QueueBoard) -> None:
        await enter(board, TOKENS, holder := uuid4(), tokens=6000)
        assert await enter(board, TOKENS, holder, tokens=6000, has_turn=True) == 0

    async def test_leaving_twice_is_no_error(self, board: QueueBoard) -> None:
        for _ in range(2):
            await board.leave(TWO, uuid4())
