"""The queue board in the database: what every process on every machine sees."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from repomill.calls.queues import Entry, QueueLimits
from storage.database.repositories.call_queues import CallQueues
from storage.database.scope import Scope
from storage.database.session import Database

T = TypeVar("T")


class SqlQueueBoard:
    """One organisation's queues; instants are those of the processes' own clocks."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self._database = database
        self._scope = scope

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        """A queue of which nothing is to be taken is only looked at, which waits for nobody."""
        paces = queue.requests_per_minute is not None or (queue.tokens_per_minute is not None and tokens > 0)
        if queue.concurrency is None and (has_turn or not paces):
            return Entry(await self._run(lambda queues: queues.pause_left(queue), read_only=True), has_turn)
        return await self._run(lambda queues: queues.enter(queue, holder, has_turn=has_turn, tokens=tokens))

    async def renew(self, queue: QueueLimits, holder: UUID) -> None:
        await self._run(lambda queues: queues.renew(queue, holder))

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        await self._run(lambda queues: queues.leave(queue, holder))

    async def give_back(self, queue: QueueLimits, tokens: int) -> None:
        await self._run(lambda queues: queues.give_back(queue, tokens))

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        await self._run(lambda queues: queues.pause(queue, timedelta(seconds=seconds)))

    async def _run(self, function: Callable[[CallQueues], T], *, read_only: bool = False) -> T:
        return await self._database.run(self._scope, lambda work: function(work.call_queues), read_only=read_only)
