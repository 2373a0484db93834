"""The queues of one run: its calls stand in line at the board that all processes share."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from repomill.calls._slots import Slot, Slots
from repomill.calls.queues import Entry, QueueBoard, QueueLimits, Told, Turn
from repomill.errors import RepomillError

AHEAD = 8
"""Calls of one run that may stand in line at the board at once; the others wait here."""

WORTH_TELLING = 1.0
"""Seconds; looking for a free slot again and again is told once."""


@dataclass(frozen=True)
class SharedQueues:
    """The queues of one run, by source. Close it after the last call, so that what it holds is free at once."""

    board: QueueBoard
    queues: Mapping[str, QueueLimits]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    _lanes: "dict[str, _Lane]" = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, source: str, told: Told, tokens: int = 0) -> AsyncIterator[Turn]:
        """Wait in line, then hold a slot where the queue has a bound."""
        lane = self._lane(source)
        turn, slot = await lane.enter(told, tokens)
        try:
            yield turn
        finally:
            lane.leave(turn, slot)

    async def pause(self, source: str, seconds: float) -> None:
        """Put it on the board; the calls of this run know at once."""
        await self._lane(source).pause(seconds)

    async def aclose(self) -> None:
        """Give back what is held."""
        for lane in self._lanes.values():
            await lane.slots.aclose()

    def _lane(self, source: str) -> "_Lane":
        queue = self.queues.get(source) or QueueLimits(f"source {source}")
        if queue.name not in self._lanes:
            slots = Slots(self.board, queue, self.sleep, self.clock)
            self._lanes[queue.name] = _Lane(self.board, queue, self.sleep, self.clock, slots)
        return self._lanes[queue.name]


@dataclass
class _Lane:
    """A run's way into one queue."""

    board: QueueBoard
    queue: QueueLimits
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    slots: Slots
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AHEAD))
    paused_until: float = float("-inf")
    unsent: set[float] = field(default_factory=set)
    """Turns that calls had booked which were cancelled in line."""

    async def pause(self, seconds: float) -> None:
        """Let nobody enter, and nobody send who has entered."""
        self.paused_until = max(self.paused_until, self.clock() + seconds)
        await self.board.pause(self.queue, seconds)

    def pause_left(self) -> float:
        """Return the seconds for which this run knows that nobody may send."""
        return max(0.0, self.paused_until - self.clock())

    async def enter(self, told: Told, tokens: int) -> tuple[Turn, Slot | None]:
        """Wait for all that the queue bounds; return the slot where it bounds calls at once."""
        turn = Turn(min(tokens, self.queue.tokens_per_minute or 0), pause_left=self.pause_left)
        async with self.gate:
            return turn, await self._enter(uuid4(), turn, told)

    def leave(self, turn: Turn, slot: Slot | None) -> None:
        """Let others have the slot, and the tokens that were not used; nobody waits for that."""
        if slot is not None:
            self.slots.free(slot)
        if turn.unused:
            self.slots.begin(self._give_back(turn.unused))

    async def _enter(self, holder: UUID, turn: Turn, told: Told) -> Slot | None:
        slot, entry, is_told = None, Entry(0.0, has_turn=False), False
        try:
            while True:
                slot = slot or self.slots.idle()
                entry = await self._ask(slot, holder, turn, entry)
                turn.at = turn.at if entry.turn_at is None else entry.turn_at
                if not entry.delay:
                    slot, holder = slot or self._taken(holder), uuid4()  # the slot keeps its name, whoever has it next
                    entry = replace(entry, delay=self.pause_left())
                if not entry.delay:
                    return slot
                self._let_go(slot)
                slot = None
                if not is_told or entry.delay >= WORTH_TELLING:
                    told(entry.delay)
                is_told = True
                slot = await self._wait(entry)
        except BaseException:
            self._let_go(slot)
            if entry.has_turn:
                self._give_up(turn)
            raise

    async def _ask(self, slot: Slot | None, holder: UUID, turn: Turn, before: Entry) -> Entry:
        queue = self.queue if slot is None else replace(self.queue, concurrency=None)
        entering = self.board.enter(queue, holder, has_turn=before.has_turn, tokens=turn.tokens)
        asking = asyncio.ensure_future(entering)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            self.slots.begin(self._undo(asking, queue, holder, turn, before))
            raise

    async def _undo(
        self, asking: Awaitable[Entry], queue: QueueLimits, holder: UUID, turn: Turn, before: Entry
    ) -> None:
        """Give back what an asking took whose call was cancelled meanwhile: the board may have it written already."""
        with suppress(RepomillError):  # the slot is free after its life
            entry = await asking
            if entry.has_turn and not before.has_turn:
                turn.at = entry.turn_at
                self._give_up(turn)
            if queue.concurrency is not None and not entry.delay:
                await self.board.leave(queue, holder)

    async def _wait(self, entry: Entry) -> Slot | None:
        if entry.needs_slot:
            return self.slots.idle() or await self.slots.coming(entry.delay)
        await self.sleep(entry.delay)
        return None

    def _taken(self, holder: UUID) -> Slot | None:
        return None if self.queue.concurrency is None else self.slots.taken(holder)

    def _let_go(self, slot: Slot | None) -> None:
        if slot is not None:
            self.slots.free(slot)

    def _give_up(self, turn: Turn) -> None:
        """Let others have what a call took that is not going to be sent."""
        self.leave(turn, None)
        if turn.at is not None:
            self.unsent.add(turn.at)
            self.slots.begin(self._unbook())

    async def _unbook(self) -> None:
        """Calls are often cancelled together, the first in line first; the board takes the last one's turn first."""
        turns, self.unsent = self.unsent, set()
        if turns:
            with suppress(RepomillError):  # the queue is slower for a while
                kept_back = await self.board.unbook(self.queue, turns)
                self.unsent |= kept_back

    async def _give_back(self, tokens: int) -> None:
        with suppress(RepomillError):  # the bucket fills by itself
            await self.board.give_back(self.queue, tokens)
