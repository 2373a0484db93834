"""Which execution goes on when a person resumes one."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from repomill.workflow.inputs import check_inputs
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import Execution, WorkflowVersion
from storage.database.repositories.executions import NewExecution
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.intake import store_workflow
from tasks.ownership import LEASE, is_dead
from tasks.services import Services


async def resume_execution(services: Services, reference: str, spec: Path | None = None) -> Execution:
    """Return the execution to run: the one that is meant, or a new one of the same root.

    A new one is made for an edited specification, and for an execution that cannot run any more. Either way what is
    paid for is found again: results and calls belong to the root.

    Raises:
        ExecutionOwned: a living process works on it.
        UnreadableFile, WorkflowInvalid, InputsInvalid: the edited specification cannot be used, or not with the
            inputs of the execution.
    """
    version = None if spec is None else await store_workflow(services, spec)

    def choose(work: Work) -> Execution:
        execution = work.executions.resolve(reference)
        work.executions.check_free(execution.id, datetime.now(UTC), LEASE, is_dead)
        if version is None:
            return _continued(work, execution, execution.workflow_version_id) if is_over(work, execution) else execution
        return _continued(work, execution, version.id, _inputs(version, execution))

    return await services.database.run(services.scope, choose)


def is_over(work: Work, execution: Execution) -> bool:
    """Tell whether no flow run may take the execution up any more.

    That is a completed one, and one that was cancelled while nothing worked on it: a flow run of it may still come.
    """
    if execution.status is ExecutionStatus.CANCELLED:
        attempts = work.executions.attempts(execution.id)
        return not attempts or attempts[-1].prefect_flow_run_id is None
    return execution.status is ExecutionStatus.COMPLETED


def _inputs(version: WorkflowVersion, execution: Execution) -> dict[str, object]:
    return dict(check_inputs(WorkflowSpec.model_validate(version.definition), execution.inputs))


def _continued(
    work: Work, execution: Execution, version_id: UUID, inputs: dict[str, object] | None = None
) -> Execution:
    new = NewExecution(
        workflow_version_id=version_id,
        project_id=execution.project_id,
        inputs=execution.inputs if inputs is None else inputs,
        mode=execution.mode,
        recordings=execution.recordings,
        root_id=execution.root_id,
        use_mocks=execution.use_mocks,
    )
    return work.executions.create(new)
