"""Which execution goes on when a person resumes one."""

from storage.database.models import Execution
from storage.database.repositories.executions import NewExecution
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work


def resumable(work: Work, reference: str) -> Execution:
    """Return the execution itself, or for a completed one a new execution of the same root.

    Either way what is paid for is found again: results and calls belong to the root.
    """
    execution = work.executions.resolve(reference)
    if execution.status is not ExecutionStatus.COMPLETED:
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
