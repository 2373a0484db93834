"""Start an execution, here or on a worker, follow it, and say how it ended."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cli.follow import follow
from cli.output import Format, print_facts, say
from cli.services import opened, query, run_async

if TYPE_CHECKING:
    from storage.database.work import Work


LAST_LOOK = 1.0
"""Seconds to wait for the event that says how an execution ended."""


@dataclass(frozen=True, slots=True)
class Launch:
    """An execution that is stored and waits to be run."""

    workflow_version_id: UUID
    inputs: Mapping[str, Any]
    execution_id: UUID

    def parameters(self) -> dict[str, Any]:
        """Return the flow's parameters."""
        return {
            "workflow_version": str(self.workflow_version_id),
            "inputs": dict(self.inputs),
            "execution_id": self.execution_id,
        }


def launch(what: Launch, *, on_worker: bool, output: Format) -> None:
    """Run it to its end, print the outcome and leave with its exit code."""
    run_async(_on_worker(what) if on_worker else _here(what))
    outcome = query(lambda work: _outcome(work, what.execution_id))
    error = outcome.pop("problem")
    print_facts(outcome, output)
    if error:
        say(f"error: {'node ' + error['node'] + ': ' if error.get('node') else ''}{error['message']}")
        if error.get("hint"):
            say(f"hint:  {error['hint']}")
        say(f"       repomill execution resume {what.execution_id}")
        sys.exit(error.get("exit_code", 1))
    if outcome["status"] != "completed":
        sys.exit(1)


async def _here(what: Launch) -> None:
    from flows.run_workflow import run_workflow
    from repomill.errors import RepomillError

    async with opened() as services:
        following = asyncio.create_task(follow(services, what.execution_id))
        try:
            with suppress(RepomillError):  # the outcome is told from the execution's row, as for a worker's run
                await run_workflow(**what.parameters())
        finally:
            await _let_it_end(following)


async def _let_it_end(following: "asyncio.Task[None]") -> None:
    """Let the last events be shown; an execution that never started has none to wait for."""
    with suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(following, LAST_LOOK)


async def _on_worker(what: Launch) -> None:
    from deployments.runs import start_run

    async with opened() as services:
        run = await start_run("run-workflow/run", what.parameters())
        say(f"flow run {run.name}: {os.environ.get('PREFECT_UI_URL', '')}{run.id}")
        await follow(services, what.execution_id)


def _outcome(work: "Work", execution_id: UUID) -> dict[str, Any]:
    execution = work.executions.get(execution_id)
    facts: dict[str, Any] = {
        "execution": execution.id,
        "status": execution.status.value,
        "problem": execution.error,
    }
    project = work.generated_projects.of_execution(execution_id)
    if project is not None and project.tree_digest:
        facts |= {"project": project.id, "tree": project.tree_digest, "files": project.total_files}
        for export in work.exports.list(project.id):
            where = export.repository_url or export.archive_path
            facts[f"{export.export_type.value}"] = where
    return facts
