"""Queues: how many calls run at once and how fast they follow each other, shared by all runs on all machines.

A call waits for its turn before budget is put aside for it. What processes know of each other stands on a board
(`QueueBoard`); a run asks it for a few of its waiting calls at a time only, so that another run's call gets in between.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from repomill.errors import RepomillError

AHEAD = 4
"""Calls of one run that may stand in line at the board at once; the others wait here."""

SLOT_LIFE = 60.0
"""Seconds after which the slot of a holder that died is free again."""

WORTH_TELLING = 1.0
"""Seconds; looking for a free slot again and again is told once."""

Told = Callable[[float], None]
"""Called with the seconds that a call is going to wait."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Of one queue: calls at once, and calls a minute; None where there is no bound."""

    name: str
    concurrency: int | None = None
    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of an attempt to enter: in when `delay` is 0, else to be made again after so many seconds."""

    delay: float
    has_turn: bool


class QueueBoard(Protocol):
    """Port: what all processes know of queues. Each method is one committed transaction when it returns.

    Adapters: `storage.database.queues.SqlQueueBoard`, and `repomill.calls.memory_queues.MemoryQueueBoard`.
    """

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool) -> "Entry":
        """Take a turn, where the queue has a rate and the holder has none yet, and a slot, where it has a bound."""

    async def renew(self, queue: QueueLimits, holder: UUID) -> None:
        """Say that the holder of a slot lives."""

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        """Give a slot back."""

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        """Let nobody enter for that long; a longer pause that is under way stays."""


class Queues(Protocol):
    """Port: where the choke point asks for turns."""

    def turn(self, source: str, told: Told) -> AbstractAsyncContextManager[None]:
        """Wait until a call to the source may go out, and count it as under way inside the block."""

    async def pause(self, source: str, seconds: float) -> None:
        """Slow every run down that uses the source's queue: it said that it is asked too fast."""


@dataclass(frozen=True, slots=True)
class NoQueues:
    """Lets every call go at once; one that was asked to wait waits alone."""

    @asynccontextmanager
    async def turn(self, source: str, told: Told) -> AsyncIterator[None]:
        """Wait for nothing."""
        yield

    async def pause(self, source: str, seconds: float) -> None:
        """Tell nobody."""


@dataclass(frozen=True)
class SharedQueues:
    """The queues of one run, by source."""

    board: QueueBoard
    queues: Mapping[str, QueueLimits]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _gates: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, source: str, told: Told) -> AsyncIterator[None]:
        """Wait in line, then hold a slot where the queue has a bound."""
        queue, holder = self._queue(source), uuid4()
        async with self._gates.setdefault(queue.name, asyncio.Semaphore(AHEAD)):
            await self._enter(queue, holder, told)
        if queue.concurrency is None:
            yield
            return
        renewing = asyncio.create_task(self._renew(queue, holder))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.shield(self._leave(queue, holder))

    async def pause(self, source: str, seconds: float) -> None:
        """Put it on the board."""
        await self.board.pause(self._queue(source), seconds)

    def _queue(self, source: str) -> QueueLimits:
        return self.queues.get(source) or QueueLimits(f"source {source}")

    async def _enter(self, queue: QueueLimits, holder: UUID, told: Told) -> None:
        entry, is_told = await self.board.enter(queue, holder, has_turn=False), False
        while entry.delay:
            if not is_told or entry.delay >= WORTH_TELLING:
                told(entry.delay)
            is_told = True
            await self.sleep(entry.delay)
            entry = await self.board.enter(queue, holder, has_turn=entry.has_turn)

    async def _renew(self, queue: QueueLimits, holder: UUID) -> None:
        while True:
            await asyncio.sleep(SLOT_LIFE / 3)
            with suppress(RepomillError):  # the next one may get through; else the slot is free after its life
                await self.board.renew(queue, holder)

    async def _leave(self, queue: QueueLimits, holder: UUID) -> None:
        with suppress(RepomillError):  # an answer must not be lost over a slot, which frees itself
            await self.board.leave(queue, holder)
