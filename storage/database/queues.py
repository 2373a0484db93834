"""The queue board in the database: what every process on every machine sees."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from repomill.calls.queues import Entry, QueueLimits
from storage.database.repositories.call_queues import CallQueues, turn_due
from storage.database.scope import Scope
from storage.database.session import Database
from storage.database.together import Together
from storage.database.work import Work

T = TypeVar("T")


class SqlQueueBoard:
    """One organisation's queues; instants are those of the processes' own clocks."""

    def __init__(self, database: Database, scope: Scope, *, durable: bool = True) -> None:
        """Take the database, and whether turns, slots and pauses outlive a crash of its server.

        Those of calls need not: they are over after seconds, and the worst is that more calls go out than may.
        """
        self._database = database
        self._scope = scope
        self._durable = durable
        self._together: dict[str, Together] = {}

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        """A queue of which nothing is to be taken is only looked at, which waits for nobody."""
        paces = queue.requests_per_minute is not None or (queue.tokens_per_minute is not None and tokens > 0)
        if queue.concurrency is None and (has_turn or not paces):
            return Entry(await self._pause_left(queue), has_turn)
        if queue.concurrency is None and not tokens:
            return await self._book(queue, holder)
        return await self._run(queue.name, lambda queues: queues.enter(queue, holder, has_turn=has_turn, tokens=tokens))

    async def _book(self, queue: QueueLimits, holder: UUID) -> Entry:
        """Take a turn, all that is needed; one that is due is booked as the transaction begins."""
        now = self._database.clock()
        opening = turn_due(queue, now)

        def book(work: Work) -> Entry:
            found = work.found(opening)
            if found:
                return work.call_queues.entered(queue, now)
            return work.call_queues.enter(queue, holder, has_turn=False, may_be_due=found is None)

        return await self._joined(queue.name).run(book, opening=opening)

    async def renew(self, queue: QueueLimits, holder: UUID) -> None:
        await self._run(queue.name, lambda queues: queues.renew(queue, holder))

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        await self._run(queue.name, lambda queues: queues.leave(queue, holder))

    async def give_back(self, queue: QueueLimits, tokens: int) -> None:
        await self._run(queue.name, lambda queues: queues.give_back(queue, tokens))

    async def unbook(self, queue: QueueLimits, turns: Collection[float]) -> frozenset[float]:
        return await self._run(queue.name, lambda queues: queues.unbook(queue, turns))

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        await self._run(queue.name, lambda queues: queues.pause(queue, timedelta(seconds=seconds)))

    async def _pause_left(self, queue: QueueLimits) -> float:
        return await self._database.run(self._scope, lambda work: work.call_queues.pause_left(queue), read_only=True)

    async def _run(self, name: str, function: Callable[[CallQueues], T]) -> T:
        return await self._joined(name).run(lambda work: function(work.call_queues))

    def _joined(self, name: str) -> Together:
        """Share transactions with calls of the same queue: two queues in one would be locked in any order."""
        if name not in self._together:
            self._together[name] = Together(self._database, self._scope, durable=self._durable)
        return self._together[name]
