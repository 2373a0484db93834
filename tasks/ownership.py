"""Who works on an execution: names of owners, whether one still lives, and the heartbeat that says so."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psutil

from repomill.canonical import DIGEST_PREFIX, digest
from repomill.errors import Cancelled, DatabaseUnavailable, OwnershipLost
from storage.database.lease import Lease
from tasks.services import Services

HEARTBEAT = timedelta(seconds=5)
LEASE = timedelta(seconds=60)
"""An owner that was silent for longer is taken for dead, wherever it ran; covers a short outage of the database."""


CLOSE = 2.0
"""Seconds between two starts that are taken for one: numbers of processes do not come round as fast as that."""


def this_process() -> str:
    """Name this process so that another one on the same machine can tell whether it still lives."""
    return name_of(psutil.Process())


def name_of(process: psutil.Process) -> str:
    """Name a process by place, number and seconds from the machine's start to its own, which no set clock changes."""
    return f"{_place()}:{process.pid}:{process.create_time() - psutil.boot_time():.2f}"


def is_dead(owner: str) -> bool:
    """Tell whether an owner is known to be gone; of other machines nothing is known but their heartbeat."""
    place, pid, started = owner.rsplit(":", 2)
    if place != _place():
        return False
    try:
        process = psutil.Process(int(pid))
        found = float(name_of(process).rpartition(":")[2])
        return abs(found - float(started)) > CLOSE or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@cache
def _place() -> str:
    """Name what numbers processes here: machines may have one name, and containers may share that of their host."""
    host = socket.gethostname()
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        numbering = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # not Linux
        return host
    return f"{host}-{digest([boot, numbering]).removeprefix(DIGEST_PREFIX)[:8]}"


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
