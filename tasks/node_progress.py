"""The progress artifact of a run: how many of its node instances have ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from tasks.reports import artifact_key, best_effort
from tasks.run_state import Run

UPDATE_EVERY = 0.5
"""Seconds; a person sees no more, and a graph of a thousand quick nodes makes no thousand requests."""


@asynccontextmanager
async def node_progress(run: Run) -> AsyncIterator["NodeProgress"]:
    """Show progress for the length of the block; what it gives is told what is to come and what has ended."""
    show: Callable[[float], Awaitable[object]] = _nowhere
    async with best_effort("progress"):
        key = artifact_key(run.facts.project_name, "progress")
        artifact: Any = await acreate_progress_artifact(0.0, key=key, description="How many nodes have ended")
        show = partial(aupdate_progress_artifact, artifact)
    progress = NodeProgress(show)
    updates = asyncio.create_task(progress.keep_up())
    try:
        yield progress
    finally:
        updates.cancel()
        await asyncio.gather(updates, return_exceptions=True)
        await progress.update()


async def _nowhere(percent: float) -> None:
    """There is no artifact."""


class NodeProgress:
    """Counts node instances; loops add theirs iteration by iteration, which never takes anything back."""

    def __init__(self, show: Callable[[float], Awaitable[object]]) -> None:
        self._show = show
        self._total = 0
        self._ended = 0
        self._shown = 0.0
        self._moved = asyncio.Event()

    def planned(self, count: int) -> None:
        """So many more are to come."""
        self._total += count

    def ended(self) -> None:
        """One has ended."""
        self._ended += 1
        self._moved.set()

    async def keep_up(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            await self.update()
            await asyncio.sleep(UPDATE_EVERY)

    async def update(self) -> None:
        """Show what is not shown yet; work that was paid for does not fail because it cannot be shown."""
        percent = max(self._shown, float(round(100 * self._ended / max(self._total, 1))))
        if percent == self._shown:
            return
        async with best_effort("progress"):
            await self._show(percent)
            self._shown = percent  # not before: the request may fail, or be cancelled at the end of the run
