"""The in-memory twin of the queue board."""

import time
from collections.abc import Callable
from uuid import UUID

from repomill.calls.queues import SLOT_LIFE, Entry, QueueLimits

LOOK_AGAIN = 0.2


class MemoryQueueBoard:
    """Keeps queues in dictionaries, for one process; what a test wants to see is public."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.next_turn: dict[str, float] = {}
        self.paused_until: dict[str, float] = {}
        self.slots: dict[str, dict[UUID, float]] = {}

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool) -> Entry:
        now = self.clock()
        pause = self.paused_until.get(queue.name, 0.0) - now
        if pause > 0:
            return Entry(pause, has_turn)
        if queue.requests_per_minute is not None and not has_turn:
            turn = max(now, self.next_turn.get(queue.name, 0.0))
            self.next_turn[queue.name] = turn + 60 / queue.requests_per_minute
            if turn > now:
                return Entry(turn - now, has_turn=True)
        return Entry(0.0 if self._takes_slot(queue, holder, now) else LOOK_AGAIN, has_turn=True)

    def _takes_slot(self, queue: QueueLimits, holder: UUID, now: float) -> bool:
        if queue.concurrency is None:
            return True
        living = {other: until for other, until in self.slots.get(queue.name, {}).items() if until > now}
        self.slots[queue.name] = living
        if len(living) >= queue.concurrency:
            return False
        living[holder] = now + SLOT_LIFE
        return True

    async def renew(self, queue: QueueLimits, holder: UUID) -> None:
        if holder in self.slots.get(queue.name, {}):
            self.slots[queue.name][holder] = self.clock() + SLOT_LIFE

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        self.slots.get(queue.name, {}).pop(holder, None)

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        until = self.clock() + seconds
        self.paused_until[queue.name] = max(until, self.paused_until.get(queue.name, 0.0))
