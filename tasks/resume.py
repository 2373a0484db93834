"""Which execution goes on when a person resumes one."""

from storage.database.models import Execution
from storage.database.repositories.executions import NewExecution
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work


def is_over(work: Work, execution: Execution) -> bool:
    """Tell whether no flow run may take the execution up any more."""
    if execution.status is ExecutionStatus.CANCELLED:
        return not any(attempt.prefect_flow_run_id for attempt in work.executions.attempts(execution.id))
    return execution.status is ExecutionStatus.COMPLETED


def resumable(work: Work, reference: str) -> Execution:
    """Return the execution itself, or a new execution of the same root for one that cannot run any more.

    That is a completed one, and one that was cancelled before it started: a flow run of it may still come.

    Either way what is paid for is found again: results and calls belong to the root.
    """
    execution = work.executions.resolve(reference)
    if not is_over(work, execution):
        return execution
    new = NewExecution(
        workflow_version_id=execution.workflow_version_id,
        project_id=execution.project_id,
        inputs=execution.inputs,
        mode=execution.mode,
        recordings=execution.recordings,
        root_id=execution.root_id,
    )
    return work.executions.create(new)
