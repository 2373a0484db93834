"""What a person finds in the Prefect UI of a run that failed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from prefect.logging import get_logger

from repomill.errors import Cancelled, OwnershipLost
from tasks.reports import leave_summary
from tasks.run_state import Run

MOST_TIME: Final = 20.0
"""Seconds after which a failed run ends without its summary."""


@dataclass(slots=True)
class Shown:
    """The run that is shown when it fails; None before it has begun."""

    run: Run | None = None


@asynccontextmanager
async def failure_report() -> AsyncIterator[Shown]:
    """Leave the summary of a run that fails in the block, or runs out of its time, with the error.

    The error goes on whatever becomes of the summary, also when it is cancelled meanwhile. A cancelled run leaves none:
    it has seconds to end.
    """
    shown = Shown()
    try:
        yield shown
    except (Cancelled, OwnershipLost):
        raise
    except Exception as error:
        if shown.run is not None:
            try:
                await _leave(shown.run, error)
            except asyncio.CancelledError:  # it has failed already, and says so
                _not_cancelled()
        raise


def _not_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _leave(run: Run, error: Exception) -> None:
    try:
        async with asyncio.timeout(MOST_TIME):
            await leave_summary(run, error)
    except Exception as failure:  # noqa: BLE001  # the run's own error is the one to be told
        get_logger(__name__).warning("the summary was not shown: %s", repr(failure))
