"""A call that is cut while it waits for its turn costs the queue nothing."""

import asyncio

from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.queues import QueueLimits
from repomill.calls.shared_queues import SharedQueues
from tests.conformance.queue_board_suite import SetClock


class Line:
    """A queue of two calls a minute, of which the first has gone out; nobody's sleep ends."""

    def __init__(self) -> None:
        self.clock = SetClock()
        limits = QueueLimits("slow", requests_per_minute=2)
        self.queues = SharedQueues(MemoryQueueBoard(self.clock), {"main": limits}, self.sleep, self.clock)
        self.told: asyncio.Queue[float] = asyncio.Queue()
        self.delays: list[float] = []

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()

    async def call(self) -> None:
        async with self.queues.turn("main", self.told.put_nowait):
            pass

    async def waiting(self, calls: int = 1) -> list["asyncio.Future[None]"]:
        """Let so many stand in line; `delays` are what they were told."""
        tasks: list[asyncio.Future[None]] = [asyncio.ensure_future(self.call()) for _ in range(calls)]
        self.delays = [await self.told.get() for _ in tasks]
        return tasks

    async def cut(self, tasks: list["asyncio.Future[None]"]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self.queues.aclose()


async def test_calls_that_are_cut_in_line_do_not_move_the_turns_of_others() -> None:
    line = Line()
    await line.call()
    for _ in range(6):
        await line.cut(await line.waiting())
    for _ in range(3):
        await line.cut(await line.waiting(calls=4))
    await line.cut(await line.waiting())
    assert line.delays == [30.0]


async def test_calls_that_are_cut_one_after_the_other_give_all_of_their_turns_back() -> None:
    line = Line()
    await line.call()
    tasks = await line.waiting(calls=3)
    for task in tasks:
        await line.cut([task])
    await line.cut(await line.waiting())
    assert line.delays == [30.0]


async def test_a_turn_behind_which_another_call_waits_is_given_to_nobody() -> None:
    line = Line()
    await line.call()
    first, second = await line.waiting(calls=2)
    await line.cut([first])
    third = await line.waiting()
    assert line.delays == [90.0]
    await line.cut([second, *third])
