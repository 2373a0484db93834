"""A run passes a slot on from call to call for a moment, and keeps it for nobody else's loss."""

import asyncio
from uuid import UUID

from repomill.calls._slots import LONGEST
from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.queues import Entry, QueueLimits, Turn
from repomill.calls.shared_queues import SharedQueues
from tests.conformance.queue_board_suite import SetClock

ONE = QueueLimits("narrow", concurrency=1)


class NotedBoard(MemoryQueueBoard):
    """Remembers who gave a slot back, and how many tokens came back."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(clock)
        self.left: list[UUID] = []
        self.given: list[int] = []

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        self.left.append(holder)
        await super().leave(queue, holder)

    async def give_back(self, queue: QueueLimits, tokens: int) -> None:
        self.given.append(tokens)
        await super().give_back(queue, tokens)


class SlowBoard(NotedBoard):
    """Is slow to answer the last of some askings, as a database is: what it did is there though nobody waits for it."""

    def __init__(self, askings: int = 1) -> None:
        super().__init__(SetClock())
        self.askings = askings
        self.is_slow, self.may_answer = asyncio.Event(), asyncio.Event()

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        entry = await super().enter(queue, holder, has_turn=has_turn, tokens=tokens)
        self.askings -= 1
        if self.askings == 0:
            self.is_slow.set()
            await self.may_answer.wait()
        return entry


class FarBoard(NotedBoard):
    """Takes a moment to answer, as a database does."""

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        entry = await super().enter(queue, holder, has_turn=has_turn, tokens=tokens)
        await asyncio.sleep(0)
        return entry


class Run:
    """The queue of one run, whose sleeping moves the clock."""

    def __init__(self, limits: QueueLimits = ONE, board: NotedBoard | None = None) -> None:
        self.board = board or NotedBoard(SetClock())
        self.queues = SharedQueues(self.board, {"main": limits}, self.sleep, self.board.clock)

    async def sleep(self, seconds: float) -> None:
        clock = self.board.clock
        assert isinstance(clock, SetClock)
        until = clock.now + seconds
        for _ in range(16):  # others ask the board in no time
            await asyncio.sleep(0)
        clock.now = max(clock.now, until)

    async def call(self, seconds: float = 0.0) -> None:
        async with self.queues.turn("main", lambda _: None):
            if seconds:
                await self.sleep(seconds)

    @property
    def holders(self) -> set[UUID]:
        return set(self.board.slots[ONE.name])


async def test_calls_one_after_the_other_share_a_slot() -> None:
    run = Run()
    for _ in range(5):
        await run.call()
    assert run.board.left == []
    await run.queues.aclose()
    assert len(run.board.left) == 1


async def test_a_call_that_waits_is_passed_the_slot_at_once() -> None:
    run = Run()
    await asyncio.gather(*(run.call() for _ in range(20)))
    await run.queues.aclose()
    assert (len(run.board.left), run.holders) == (1, set())


async def test_a_slot_that_came_free_while_a_call_asked_for_one_is_taken_at_once() -> None:
    run = Run(board=FarBoard(SetClock()))
    await asyncio.gather(run.call(), run.call())
    await run.queues.aclose()
    assert len(run.board.left) == 1


async def test_a_slot_that_no_call_wants_goes_back() -> None:
    run = Run()
    await run.call()
    for _ in range(40):  # what is done beside calls has its turn
        await asyncio.sleep(0)
    assert run.holders == set()


async def test_a_slot_is_not_kept_for_long_from_other_runs() -> None:
    run = Run()
    for _ in range(10):
        await run.call(LONGEST / 2)
    await run.queues.aclose()
    assert len(run.board.left) == 5


async def test_a_slot_that_comes_when_its_call_is_cancelled_is_not_lost() -> None:
    run = Run()
    async with run.queues.turn("main", lambda _: None):
        waiting = [asyncio.ensure_future(run.call()) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    waiting[0].cancel()
    await waiting[1]
    await run.queues.aclose()
    assert run.holders == set()


async def test_a_pause_holds_also_for_those_who_have_a_slot() -> None:
    run = Run()
    await run.call()
    await run.queues.pause("main", 30.0)
    before = run.board.clock()
    await run.call()
    assert run.board.clock() - before >= 30.0
    await run.queues.aclose()


async def test_tokens_of_a_call_that_is_cancelled_in_line_go_back() -> None:
    limits = QueueLimits("wordy", concurrency=1, tokens_per_minute=6000)
    run = Run(limits)
    async with run.queues.turn("main", lambda _: None) as turn:
        assert turn == Turn()
        waiting = asyncio.ensure_future(_take(run, 6000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    await run.queues.aclose()
    assert (await run.board.enter(limits, UUID(int=1), has_turn=False, tokens=6000)).delay == 0


WORDY = QueueLimits("wordy", concurrency=1, tokens_per_minute=6000)


async def test_what_a_call_took_while_it_was_cancelled_goes_back() -> None:
    board = SlowBoard()
    await _cut_while_it_asks(Run(WORDY, board), tokens=6000)
    assert (board.slots["wordy"], board.given) == ({}, [6000])


async def test_tokens_that_were_taken_before_a_cancelled_asking_go_back_once() -> None:
    board = SlowBoard(askings=3)
    await board.enter(WORDY, UUID(int=1), has_turn=False)  # so that the call asks again for a slot
    await _cut_while_it_asks(Run(WORDY, board), tokens=6000)
    assert (set(board.slots["wordy"]), board.given) == ({UUID(int=1)}, [6000])


async def test_the_turn_of_a_call_that_was_cancelled_while_it_asked_goes_back() -> None:
    limits, board = QueueLimits("slow", requests_per_minute=2), SlowBoard()
    await _cut_while_it_asks(Run(limits, board), tokens=0)
    assert [(await board.enter(limits, UUID(int=1), has_turn=False)).delay for _ in range(2)] == [0.0, 30.0]


async def _cut_while_it_asks(run: Run, tokens: int) -> None:
    board = run.board
    assert isinstance(board, SlowBoard)
    call = asyncio.ensure_future(_take(run, tokens))
    await board.is_slow.wait()
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()
    board.may_answer.set()
    await run.queues.aclose()


async def _take(run: Run, tokens: int) -> None:
    async with run.queues.turn("main", lambda _: None, tokens):
        pass
