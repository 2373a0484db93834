"""One export of a repository at a time, whatever process it runs in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from uuid import UUID, uuid4

from repomill.calls.queues import SLOT_LIFE, QueueLimits
from repomill.canonical import digest
from repomill.errors import RepositoryBusy
from storage.database.queues import SqlQueueBoard
from tasks.services import Services

PATIENCE = 2 * SLOT_LIFE
"""Seconds to wait for another export; longer than one that was killed stands in the way."""


@asynccontextmanager
async def repository_lease(services: Services, repository: str, patience: float = PATIENCE) -> AsyncIterator[None]:
    """Hold the one place that a repository has, for the block.

    Raises:
        RepositoryBusy: another export held it all the time.
    """
    board, holder = SqlQueueBoard(services.database, services.scope), uuid4()
    queue = QueueLimits(f"export {digest(repository)}", concurrency=1)
    await _enter(board, queue, holder, repository, patience)
    living = asyncio.create_task(_live(board, queue, holder))
    try:
        yield
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living
        await asyncio.shield(board.leave(queue, holder))


async def _enter(board: SqlQueueBoard, queue: QueueLimits, holder: UUID, repository: str, patience: float) -> None:
    end = monotonic() + patience
    while True:
        entry = await board.enter(queue, holder, has_turn=True)
        if not entry.delay:
            return
        if monotonic() + entry.delay > end:
            raise RepositoryBusy(repository)
        await asyncio.sleep(entry.delay)


async def _live(board: SqlQueueBoard, queue: QueueLimits, holder: UUID) -> None:
    while True:
        await asyncio.sleep(SLOT_LIFE / 3)
        await board.renew(queue, holder)
