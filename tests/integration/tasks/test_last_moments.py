"""A cancel that comes while the end of a run is being written."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storage.database.lease import Lease
from storage.database.transitions import ExecutionStatus
from tasks import open_execution as module
from tasks.finish_execution import finish
from tasks.services import Services
from tests.fakes.stored_projects import admitted


async def test_a_run_whose_completion_is_being_written_is_completed(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, began, goes_on = await admitted(services, tmp_path), asyncio.Event(), asyncio.Event()

    async def slow(services: Services, lease: Lease, status: ExecutionStatus, *error: Any) -> None:
        began.set()
        await goes_on.wait()
        await finish(services, lease, status, *error)

    monkeypatch.setattr(module, "finish", slow)

    async def work() -> str:
        async with module.open_execution(services, "", {}, execution.id, None):
            pass
        return "well"

    task = asyncio.create_task(work())
    await began.wait()
    task.cancel()
    await asyncio.sleep(0)
    goes_on.set()
    assert await task == "well"
    found = await services.database.run(services.scope, lambda work: work.executions.get(execution.id))
    assert found.status is ExecutionStatus.COMPLETED
