"""How many nodes have ended is shown, whatever becomes of a single update."""

import asyncio
from contextlib import suppress

from prefect.exceptions import PrefectException

from tasks.node_progress import NodeProgress


async def test_an_update_that_was_cancelled_on_its_way_is_made_again() -> None:
    shown: list[float] = []
    asked, hangs = asyncio.Event(), True

    async def show(percent: float) -> None:
        asked.set()
        if hangs:
            await asyncio.Event().wait()
        shown.append(percent)

    progress = NodeProgress(show)
    progress.planned(1)
    progress.ended()
    updates = asyncio.create_task(progress.keep_up())
    await asked.wait()
    updates.cancel()
    with suppress(asyncio.CancelledError):
        await updates
    hangs = False
    await progress.update()
    assert shown == [100.0]


async def test_an_update_that_failed_is_made_again() -> None:
    shown: list[float] = []

    async def show(percent: float) -> None:
        shown.append(percent)
        if len(shown) == 1:
            raise PrefectException("busy")

    progress = NodeProgress(show)
    progress.planned(2)
    progress.ended()
    for _ in range(3):
        await progress.update()
    assert shown == [50.0, 50.0]


async def test_iterations_that_are_yet_to_come_take_nothing_back() -> None:
    shown: list[float] = []

    async def show(percent: float) -> None:
        shown.append(percent)

    progress = NodeProgress(show)
    progress.planned(2)
    progress.ended()
    await progress.update()
    progress.planned(8)
    await progress.update()
    assert shown == [50.0]
