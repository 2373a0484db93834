"""Writes results and states of nodes and events in the background, as many as have come together at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from repomill.errors import Cancelled, OwnershipLost, RepomillError, Retriable
from storage.database.lease import Lease
from storage.database.repositories.events import NewEvent
from storage.database.repositories.nodes import NodeChange
from storage.database.transitions import NodeStatus
from storage.database.work import Work
from tasks.services import Services

LINGER = 0.02
"""Seconds that what nobody waits for may wait for company: a quick node's start and end are one transaction."""

MANY = 10
"""Nodes under way from which on an end waits for company too: many end soon, and each transaction takes its time."""

TRY_AGAIN_AFTER = (0.5, 2.0, 5.0)
"""Seconds between tries while the database or the artefact store is out of reach."""

MOST_ENTRIES, MOST_BYTES = 500, 8 << 20
"""What may wait to be written before those who add to it wait too."""

PUTS = 8
"""Results that are stored at once."""

Entry = tuple[NodeChange | None, NewEvent | None]


class StateWriter:
    """The one who writes how far an execution's nodes are, in the order in which it was told.

    Leave the block to have all written. A write that fails for good fails whoever waits, now and later: the run cannot
    go on without knowing where it stands.
    """

    def __init__(self, services: Services, lease: Lease) -> None:
        self._services = services
        self._lease = lease
        self._entries: list[Entry] = []
        self._results: dict[str, bytes] = {}
        """What nodes gave, by artefact key, until it is stored and the rows that name it are committed."""
        self._told = asyncio.Event()
        self._urgent = asyncio.Event()
        self._next = self._batch()
        self._current: asyncio.Future[None] | None = None
        self._failure: BaseException | None = None
        self._is_hurried = False
        self._under_way: set[str] = set()
        self._writing = asyncio.create_task(self._write_all(), name="state writer")
        self._writing.add_done_callback(self._stopped)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_hurried = isinstance(error, asyncio.CancelledError | Cancelled)
        try:
            await self.flush()
        except OwnershipLost:
            raise
        except RepomillError:
            if error is None:
                raise
        finally:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    def put(self, change: NodeChange | None, event: NewEvent | None) -> None:
        """Have it written soon; changes and events say themselves when they happened (`now`)."""
        if self._failure is None:
            self._entries.append((change, event))
        if change is not None and change.status is NodeStatus.RUNNING:
            self._under_way.add(change.path)
        elif change is not None:
            self.over(change.path)
        self._told.set()

    def keep(self, key: str, result: bytes) -> None:
        """Have a node's output stored under the key, before the change that names it is committed."""
        self._results[key] = result

    def kept(self, key: str) -> bytes | None:
        """Return an output that may not be stored yet."""
        return self._results.get(key)

    def over(self, path: str) -> None:
        """Say that a node is under way no longer, also where nothing is written of its end."""
        self._under_way.discard(path)

    async def flush(self) -> None:
        """Wait until all that was put is committed.

        Raises:
            OwnershipLost: another process owns the execution.
            DatabaseUnavailable: it could not be reached for a while.
            ArtifactStoreUnavailable: it could not be reached for a while, or is full.
            ArtifactStoreRefused: it does not take what a node gave.
        """
        self.check()
        awaited = self._next if self._entries else self._current
        if awaited is not None:
            self._urgent.set()
            with suppress(RepomillError):  # `check` says it
                await asyncio.shield(awaited)
            self.check()

    def check(self) -> None:
        """Raise what kept the writer from going on, if anything did; each time an error that its catcher may mark."""
        if self._failure is not None:
            raise copy(self._failure) from self._failure

    async def room(self) -> None:
        """Wait until results and rows that are to be written are few enough to hold; raises as `flush`."""
        self.check()
        if len(self._entries) > MOST_ENTRIES or sum(map(len, self._results.values())) > MOST_BYTES:
            await self.flush()

    async def results(self) -> None:
        """Wait until the result of every node whose end was told is stored and its row committed; raises as `flush`."""
        self.check()
        tells_an_end = any(change is not None and change.output is not None for change, _ in self._entries)
        if tells_an_end or self._current is not None:
            await self.flush()

    async def _write_all(self) -> None:
        while True:
            await self._told.wait()
            await self._company()
            entries, self._entries = self._entries, []
            self._current, self._next = self._next, self._batch()
            self._told.clear()
            self._urgent.clear()
            results = dict(self._results)
            await self._again(partial(self._write, entries, results))
            for key, result in results.items():
                if self._results[key] is result:
                    del self._results[key]
            self._current.set_result(None)
            self._current = None

    def _stopped(self, writing: asyncio.Task[None]) -> None:
        """Tell those who wait, and who will."""
        if writing.cancelled():
            return
        self._failure = writing.exception()
        for batch in (self._current, self._next):
            if self._failure is not None and batch is not None:
                batch.set_exception(self._failure)
                batch.exception()  # that nobody waits for it is no fault

    @staticmethod
    def _batch() -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def _company(self) -> None:
        if len(self._under_way) >= MANY:
            await asyncio.sleep(LINGER)
            return
        try:
            async with asyncio.timeout(LINGER):
                await self._urgent.wait()
        except TimeoutError:
            return
        await asyncio.sleep(0)  # let those speak who are ready in the same turn of the loop

    async def _write(self, entries: list[Entry], results: dict[str, bytes]) -> None:
        """Store the results, then write the rows: a row never names what is not there."""
        bound = asyncio.Semaphore(PUTS)

        async def put(key: str, result: bytes) -> None:
            async with bound:
                await self._services.store.put(key, result)

        puts = [put(key, result) for key, result in results.items()]
        for error in await asyncio.gather(*puts, return_exceptions=True):
            if error is not None:
                raise error
        changes = [change for change, _ in entries if change is not None]
        events = [event for _, event in entries if event is not None]

        def write(work: Work) -> None:
            work.nodes.apply(self._lease, changes)
            if events:
                work.events.append_all(self._lease.execution_id, events)

        await self._services.database.run(self._services.scope, write)

    async def _again(self, write: Callable[[], Awaitable[None]]) -> None:
        for delay in (*TRY_AGAIN_AFTER, None):
            try:
                await write()
            except Retriable:
                if delay is None or self._is_hurried:
                    raise
                await asyncio.sleep(delay)
            else:
                return


def now() -> datetime:
    """Return the present instant, for changes and events that are written later."""
    return datetime.now(UTC)


def event(kind: str, node: str | None = None, **payload: Any) -> NewEvent:
    """Return an event of now."""
    return NewEvent(kind, node, payload, now())
