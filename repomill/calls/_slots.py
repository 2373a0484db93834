"""Slots that a run holds in one queue: a call passes its slot on, so that short calls need not ask for one each.

Giving a slot back and taking it again are two writes that every process waits for. A run keeps what it has for a
moment, and never for long: another run may wait for it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from repomill.calls.queues import LOOK_AGAIN, SLOT_LIFE, QueueBoard, QueueLimits
from repomill.errors import RepomillError

LONGEST = 1.0
"""Seconds after which a slot goes back to the board when its call ends, also where the run has more calls for it."""

Task = asyncio.Task[None]


@dataclass(eq=False)
class Slot:
    """A place on the board; its holder's name stays when it passes from call to call."""

    holder: UUID
    taken_at: float
    renewing: Task
    idling: Task | None = None


class Slots:
    """The slots of one run in one queue. Close it after the last call."""

    def __init__(
        self,
        board: QueueBoard,
        queue: QueueLimits,
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._board, self._queue, self._sleep, self._clock = board, queue, sleep, clock
        self._held: set[Slot] = set()
        self._idle: list[Slot] = []
        self._waiting: deque[asyncio.Future[Slot]] = deque()
        self._tasks: set[Task] = set()

    def taken(self, holder: UUID) -> Slot:
        """Return the slot that the board gave; it lives until it is given back."""
        slot = Slot(holder, self._clock(), asyncio.create_task(self._renew(holder)))
        self._held.add(slot)
        return slot

    def idle(self) -> Slot | None:
        """Return a slot that the run has and no call needs, None where there is none."""
        if not self._idle:
            return None
        slot = self._idle.pop()
        if slot.idling is not None:
            slot.idling.cancel()
        return slot

    async def coming(self, seconds: float) -> Slot | None:
        """Wait until another call of the run passes its slot on, so long at most."""
        slot: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._waiting.append(slot)
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        either: set[asyncio.Future[Any]] = {slot, sleeping}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if slot.done():
                self.free(slot.result())
            raise
        finally:
            sleeping.cancel()
            with suppress(ValueError):  # it was passed on
                self._waiting.remove(slot)
        return slot.result() if slot.done() else None

    def free(self, slot: Slot) -> None:
        """Pass a slot on to a call that waits, else keep it for a moment; one that was kept for long goes back."""
        if slot not in self._held:
            return  # it went back when the run ended
        if self._clock() - slot.taken_at >= LONGEST:
            self._give_back(slot)
        elif self._waiting:
            self._waiting.popleft().set_result(slot)
        else:
            self._idle.append(slot)
            slot.idling = self.begin(self._give_back_unused(slot))

    def begin(self, work: Coroutine[Any, Any, None]) -> Task:
        """Do something beside the calls; `aclose` waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Give back what is held and wait until all that is under way has reached the board."""
        while self.idle():
            pass  # none is kept any longer
        for slot in tuple(self._held):
            self._give_back(slot)
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _give_back_unused(self, slot: Slot) -> None:
        await self._sleep(LOOK_AGAIN)
        self._idle.remove(slot)
        self._give_back(slot)

    def _give_back(self, slot: Slot) -> None:
        slot.renewing.cancel()
        self._held.remove(slot)
        self.begin(self._leave(slot))

    async def _leave(self, slot: Slot) -> None:
        with suppress(RepomillError):  # it is free after its life
            await self._board.leave(self._queue, slot.holder)

    async def _renew(self, holder: UUID) -> None:
        while True:
            await asyncio.sleep(SLOT_LIFE / 3)
            with suppress(RepomillError):  # the next one may get through; else the slot is free after its life
                await self._board.renew(self._queue, holder)
