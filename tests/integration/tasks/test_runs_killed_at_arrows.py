"""A run that is killed at any arrow of its statuses is taken up and ends whole, row by row and object by object."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from repomill.errors import RepomillError
from storage.database.models import Execution
from tasks.services import Services
from tests.e2e.agents import bare_repository
from tests.fakes.walks import admit_document
from tests.fakes.whole_runs import SPEC, run_whole
from tests.integration.tasks.dying_run import start
from tests.integration.tasks.whole_ends import look_at_everything

pytestmark = pytest.mark.everywhere

ARROWS = (
    "execution running",
    "generated project generating",
    "generated project completed",
    "repository export pending",
    "repository export exporting",
    "repository export completed",
    "execution completed",
)
FAILURES = ("repository export failed", "execution failed")


async def killed(services: Services, settings: dict[str, Any], death: str, remote: Path) -> UUID:
    """Run until the moment has come; the process is gone then."""
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    process = start(settings, execution, death)
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL
    return execution


async def go_on(services: Services, execution: UUID) -> None:
    if (await found(services, execution)).status.value != "completed":
        await run_whole(services, execution)


async def found(services: Services, execution: UUID) -> Execution:
    return await services.database.run(services.scope, lambda work: work.executions.get(execution))


@pytest.mark.parametrize("arrow", ARROWS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_that_is_killed_at_an_arrow_is_taken_up_and_ends_whole(
    services: Services, settings: dict[str, Any], tmp_path: Path, when: str, arrow: str
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    execution = await killed(services, settings, f"{when} {arrow}", remote)
    await go_on(services, execution)
    await look_at_everything(services, execution, remote)


@pytest.mark.parametrize("arrow", FAILURES)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_run_that_is_killed_while_it_fails_is_taken_up_and_ends_whole(
    services: Services, settings: dict[str, Any], tmp_path: Path, when: str, arrow: str
) -> None:
    remote = tmp_path / "remote.git"
    execution = await killed(services, settings, f"{when} {arrow}", remote)
    bare_repository(remote)
    await go_on(services, execution)
    await look_at_everything(services, execution, remote)


async def test_two_workers_that_are_started_on_one_execution_do_its_work_once(
    services: Services, settings: dict[str, Any], tmp_path: Path
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    execution = await admit_document(services, SPEC, remote=remote.as_uri())
    both = [start(settings, execution) for _ in range(2)]
    for process in both:
        await asyncio.to_thread(process.join)
    assert [process.exitcode for process in both] == [0, 0]
    with suppress(RepomillError):
        await run_whole(services, execution)
    attempts = await services.database.run(services.scope, lambda work: work.executions.attempts(execution))
    assert [attempt.outcome for attempt in attempts] == ["completed"]
    await look_at_everything(services, execution, remote)
