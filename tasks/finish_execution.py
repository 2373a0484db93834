"""Leave an execution with its outcome: nodes, calls, project, exports and itself, in one transaction."""

from typing import Any

from storage.database.lease import Lease
from storage.database.models import GeneratedProject
from storage.database.transitions import ExecutionStatus, ExportStatus, GeneratedProjectStatus
from storage.database.work import Work
from tasks.errors import error_facts
from tasks.services import Services

_OPEN_PROJECTS = frozenset({GeneratedProjectStatus.PENDING, GeneratedProjectStatus.GENERATING})
_OPEN_EXPORTS = frozenset({ExportStatus.PENDING, ExportStatus.EXPORTING})


async def finish(services: Services, lease: Lease, status: ExecutionStatus, error: BaseException | None = None) -> None:
    """Record the outcome and give the lease back; nodes, calls and exports that did not end are closed with it.

    Raises:
        OwnershipLost: another process took over and writes the outcome.
    """
    facts = None if error is None else error_facts(error)
    await services.database.run(services.scope, lambda work: record_end(work, lease, status, facts))


def record_end(work: Work, lease: Lease, status: ExecutionStatus, facts: dict[str, Any] | None) -> None:
    """Do so within a transaction; `facts` are those of the error, None without one."""
    reason = "" if facts is None else str(facts["message"])
    work.nodes.cancel_open(lease)
    work.calls.end_open(work.executions.get(lease.execution_id).root_id)
    project = work.generated_projects.of_execution(lease.execution_id)
    if project is not None and project.status in _OPEN_PROJECTS:
        _close_project(work, lease, project, status, reason)
    if project is not None:
        _close_exports(work, project, status, reason)
    payload = {} if facts is None else {"message": facts["message"]}
    work.events.append(lease.execution_id, f"execution.{status.value}", None, payload)
    work.executions.finish(lease, status, facts)


def _close_project(work: Work, lease: Lease, project: GeneratedProject, status: ExecutionStatus, reason: str) -> None:
    if status is ExecutionStatus.CANCELLED:
        work.generated_projects.cancel(lease, project.id)
    else:
        work.generated_projects.fail(lease, project.id, reason)


def _close_exports(work: Work, project: GeneratedProject, status: ExecutionStatus, reason: str) -> None:
    """Close what the run's own nodes began; what a person exports meanwhile is not the run's."""
    for export in work.exports.list(project.id):
        if export.node_path is not None and export.status in _OPEN_EXPORTS:
            if status is ExecutionStatus.CANCELLED:
                work.exports.cancel(export.id)
            else:
                work.exports.fail(export.id, reason)
