"""Time that passes when a test says so, and not while a machine is busy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fakes.probe_kinds import Probe

MINUTE = 60.0


@asynccontextmanager
async def a_minute_passes_when_held(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Let this event loop's clock go on by a minute whenever a held node has begun to wait."""
    loop, passed = asyncio.get_running_loop(), 0.0
    clock = loop.time

    async def watch() -> None:
        nonlocal passed
        while True:
            await probe.came.wait()
            probe.came.clear()
            passed += MINUTE

    monkeypatch.setattr(loop, "time", lambda: clock() + passed)
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
