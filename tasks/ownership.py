"""Who works on an execution: names of owners, whether one still lives, and the heartbeat that says so."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psutil

from repomill.errors import Cancelled, DatabaseUnavailable, OwnershipLost
from storage.database.lease import Lease
from tasks.services import Services

HEARTBEAT = timedelta(seconds=5)
LEASE = timedelta(seconds=60)
"""An owner that was silent for longer is taken for dead, wherever it ran; covers a short outage of the database."""


def this_process() -> str:
    """Name this process so that another one on the same machine can tell whether it still lives."""
    process = psutil.Process()
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"


def is_dead(owner: str) -> bool:
    """Tell whether an owner is known to be gone; of other machines nothing is known but their heartbeat."""
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != started or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@asynccontextmanager
async def heartbeat(services: Services, lease: Lease) -> AsyncIterator[None]:
    """Say that this process lives, every few seconds, as long as the block lasts.

    The block is cancelled, and the reason raised from it, when another process took the execution over or somebody
    asked for a stop.

    Raises:
        OwnershipLost: another process holds the execution now.
        Cancelled: a cancel was requested.
    """
    owner = asyncio.current_task()
    reasons: list[OwnershipLost | Cancelled] = []

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            reason = await _beat(services, lease)
            if reason is not None and owner is not None:
                reasons.append(reason)
                owner.cancel()
                return

    beating = asyncio.create_task(beat(), name="heartbeat")
    try:
        yield
    except asyncio.CancelledError:
        if reasons and owner is not None:
            owner.uncancel()
            raise reasons[0] from None
        raise
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beat(services: Services, lease: Lease) -> OwnershipLost | Cancelled | None:
    now = datetime.now(UTC)
    try:
        wanted = await services.database.run(services.scope, lambda work: work.executions.heartbeat(lease, now))
    except OwnershipLost as error:
        return error
    except DatabaseUnavailable:
        return None  # the lease outlives a short outage; writes of the run itself report a long one
    return Cancelled() if wanted.cancel else None
