"""The progress artifact of a run: how many of its nodes have ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from tasks.reports import artifact_key, best_effort
from tasks.run_state import Run

UPDATE_EVERY = 0.5
"""Seconds; a person sees no more, and a graph of a thousand quick nodes makes no thousand requests."""


@asynccontextmanager
async def node_progress(run: Run) -> AsyncIterator[Callable[[], None]]:
    """Show progress for the length of the block; what it gives is called when a node has ended, and does not wait."""
    found: Any = None
    async with best_effort("progress"):
        key = artifact_key(run.facts.project_name, "progress")
        found = await acreate_progress_artifact(0.0, key=key, description="How many nodes have ended")
    progress = _Progress(found, len(run.spec.nodes))
    updates = asyncio.create_task(progress.keep_up())
    try:
        yield progress.step
    finally:
        updates.cancel()
        await asyncio.gather(updates, return_exceptions=True)
        await progress.update()


class _Progress:
    def __init__(self, artifact_id: UUID | None, total: int) -> None:
        self._artifact_id = artifact_id
        self._total = total
        self._ended = 0
        self._shown = 0
        self._moved = asyncio.Event()

    def step(self) -> None:
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
        if self._shown == self._ended or self._artifact_id is None:
            return
        self._shown = ended = self._ended
        async with best_effort("progress"):
            await aupdate_progress_artifact(self._artifact_id, float(round(100 * ended / self._total)))
