"""How an execution ended, as the command line tells it."""

import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cli.output import Format, print_facts, say
from cli.services import opened, run_async

if TYPE_CHECKING:
    from deployments.stack import Stack
    from storage.database.models import RepositoryExport
    from storage.database.work import Work


def tell_outcome(execution_id: UUID, stack: "Stack", output: Format) -> None:
    """Print where everything is, and leave with the exit code of the execution's error if it has one."""

    async def ask() -> tuple[dict[str, Any], dict[str, Any]]:
        async with opened() as services:
            return await services.database.run(
                services.scope, lambda work: _outcome(work, execution_id, stack, services.store.name)
            )

    facts, error = run_async(ask())
    print_facts(facts, output)
    if error:
        _tell_error(error, execution_id)
        sys.exit(error["exit_code"])
    if facts["status"] != "completed":
        sys.exit(1)


def _outcome(work: "Work", execution_id: UUID, stack: "Stack", store: str) -> tuple[dict[str, Any], dict[str, Any]]:
    execution = work.executions.get(execution_id)
    facts: dict[str, Any] = {"execution": execution.id, "status": execution.status.value}
    attempts = work.executions.attempts(execution_id)
    if attempts and attempts[-1].prefect_flow_run_id:
        facts["prefect"] = f"{stack.ui_url}/v2/runs/flow-run/{attempts[-1].prefect_flow_run_id}"
    project = work.generated_projects.of_execution(execution_id)
    if project is not None and project.tree_digest:
        facts |= {"project": project.id, "tree": project.tree_digest, "files": project.total_files}
        for export in reversed(work.exports.list(project.id)):
            facts |= _whereabouts(export, stack, store)
    return facts, execution.error or {}


def _whereabouts(export: "RepositoryExport", stack: "Stack", store: str) -> dict[str, Any]:
    kind = export.export_type.value
    if export.archive_path is None:
        return {kind: export.repository_url, f"{kind}_commit": export.commit_sha}
    link = {f"{kind}_link": f"{stack.links_url}/{export.archive_path}"} if stack.links_url else {}
    return {kind: f"{store}/{export.archive_path}"} | link


def _tell_error(error: dict[str, Any], execution_id: UUID) -> None:
    where = f"node {error['node']}: " if error.get("node") else ""
    say(f"error: {where}{error['message']}")
    if error["hint"]:
        say(f"hint:  {error['hint']}")
    say(f"then:  repomill execution resume {execution_id}")
