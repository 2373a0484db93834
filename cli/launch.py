"""Start an execution, here or on a worker, and follow it to its end."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cli.boundary import load_settings
from cli.follow import follow, newest_event
from cli.outcome import tell_outcome
from cli.output import Format, say
from cli.services import opened, query, run_async
from repomill.errors import ArtifactStoreUnavailable, DatabaseUnavailable, RepomillError

if TYPE_CHECKING:
    from deployments.stack import Stack
    from storage.database.models import Execution

DEPLOYMENT = "run-workflow/run"

LAST_LOOK = 1.0
"""Seconds to wait for the event that says how an execution ended."""


@dataclass(frozen=True, slots=True)
class Launch:
    """An execution that is stored and waits to be run; `fence` is that of its last owner so far.

    Without `publish` the nodes that publish are skipped.
    """

    workflow_version_id: UUID
    inputs: Mapping[str, Any]
    execution_id: UUID
    fence: int
    publish: bool = True

    @classmethod
    def of(cls, execution: "Execution", *, publish: bool = True) -> "Launch":
        """Take it from its row."""
        return cls(execution.workflow_version_id, execution.inputs, execution.id, execution.fence, publish)

    def parameters(self) -> dict[str, Any]:
        """Return the flow's parameters."""
        return {
            "workflow_version": str(self.workflow_version_id),
            "inputs": dict(self.inputs),
            "execution_id": self.execution_id,
            "acting_user": load_settings().acting_user,
        }


def launch(what: Launch, stack: "Stack", *, on_worker: bool, output: Format) -> None:
    """Run it to its end, print the outcome and leave with its exit code."""
    try:
        _run(what, stack, on_worker=on_worker)
        tell_outcome(what.execution_id, stack, output)
    except (DatabaseUnavailable, ArtifactStoreUnavailable):
        say(f"then:  repomill execution resume {what.execution_id}")  # the row that would tell is out of reach
        raise


def _run(what: Launch, stack: "Stack", *, on_worker: bool) -> None:
    try:
        run_async(_on_worker(what, stack) if on_worker else _here(what))
    except (RepomillError, KeyboardInterrupt):
        # The row tells what went wrong, as it does for a worker's run; unless nobody owned the execution since: then
        # an error in it is that of an earlier attempt.
        row = query(lambda work: work.executions.get(what.execution_id))
        if row.fence == what.fence or not row.error:
            raise


async def _here(what: Launch) -> None:
    from prefect.exceptions import CancelledRun

    from blocks.artifacts import ArtifactStorage
    from blocks.names import ARTIFACTS
    from flows.generate_project import generate_project
    from flows.run_workflow import run_workflow

    async with opened() as services:
        seen = await newest_event(services, what.execution_id)
        # By its class: to find the class by the block's name, Prefect imports all its integrations (half a second).
        storage = await ArtifactStorage.aload(ARTIFACTS)
        run = (run_workflow if what.publish else generate_project).with_options(result_storage=storage)
        following = asyncio.create_task(follow(services, what.execution_id, after=seen))
        try:
            with suppress(CancelledRun):
                await run(**what.parameters())
        finally:
            # Let the last events be shown; an execution that never started has none to wait for.
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(following, LAST_LOOK)


async def _on_worker(what: Launch, stack: "Stack") -> None:
    from deployments.runs import start_run, wait_for_end

    async with opened() as services:
        seen = await newest_event(services, what.execution_id)
        run = await start_run(DEPLOYMENT, what.parameters())
        say(f"flow run {run.name}: {stack.ui_url}/v2/runs/flow-run/{run.id}")
        following = asyncio.create_task(follow(services, what.execution_id, after=seen))
        ending = asyncio.create_task(wait_for_end(run.id))
        try:
            # A run that crashed, or never got as far as its execution, leaves no event to wait for.
            await asyncio.wait({following, ending}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait_for(following, LAST_LOOK)
        except TimeoutError:
            say(f"flow run {run.name} ended as {ending.result()}, before its execution did")
        finally:
            ending.cancel()
            following.cancel()
            await asyncio.gather(ending, following, return_exceptions=True)
