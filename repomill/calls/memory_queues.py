"""The in-memory twin of the queue board."""

import time
from collections.abc import Callable, Collection
from uuid import UUID

from repomill.calls.queues import LOOK_AGAIN, SLOT_LIFE, Entry, QueueLimits
from repomill.calls.token_bucket import TokenBucket


class MemoryQueueBoard:
    """Keeps queues in dictionaries, for one process; what a test wants to see is public."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.next_turn: dict[str, float] = {}
        self.paused_until: dict[str, float] = {}
        self.slots: dict[str, dict[UUID, float]] = {}
        self.buckets: dict[str, TokenBucket] = {}

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        now = self.clock()
        pause = self.paused_until.get(queue.name, 0.0) - now
        if pause > 0:
            return Entry(pause, has_turn)
        turn_at = None
        if not has_turn:
            if wait := self._wait_for_tokens(queue, holder, tokens, now):
                return Entry(wait, has_turn=False)
            turn_at = self._book(queue, now)
        if turn_at is not None and turn_at > now:
            return Entry(turn_at - now, has_turn=True, turn_at=turn_at)
        if not self._takes_slot(queue, holder, now):
            return Entry(LOOK_AGAIN, has_turn=True, needs_slot=True, turn_at=turn_at)
        return Entry(0.0, has_turn=True, turn_at=turn_at)

    def _wait_for_tokens(self, queue: QueueLimits, holder: UUID, tokens: int, now: float) -> float:
        if queue.tokens_per_minute is None or not tokens:
            return 0.0
        bucket = self.buckets.get(queue.name, TokenBucket())
        self.buckets[queue.name], wait = bucket.take(tokens, queue.tokens_per_minute, holder, now)
        return wait

    def _book(self, queue: QueueLimits, now: float) -> float | None:
        if queue.requests_per_minute is None:
            return None
        turn = max(now, self.next_turn.get(queue.name, 0.0))
        self.next_turn[queue.name] = turn + 60 / queue.requests_per_minute
        return turn

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

    async def give_back(self, queue: QueueLimits, tokens: int) -> None:
        if queue.tokens_per_minute is not None and queue.name in self.buckets:
            self.buckets[queue.name] = self.buckets[queue.name].give_back(tokens, queue.tokens_per_minute)

    async def unbook(self, queue: QueueLimits, turns: Collection[float]) -> frozenset[float]:
        if queue.requests_per_minute is None:
            return frozenset()
        left, now = set(turns), self.clock()
        for turn in sorted(turns, reverse=True):
            if self.next_turn.get(queue.name) == turn + 60 / queue.requests_per_minute:
                self.next_turn[queue.name] = turn
                left.remove(turn)
        return frozenset(turn for turn in left if turn > now)

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        until = self.clock() + seconds
        self.paused_until[queue.name] = max(until, self.paused_until.get(queue.name, 0.0))
