"""Cancel an execution, whether a process works on it or none is left to."""

from datetime import UTC, datetime

from repomill.errors import Cancelled, ExecutionFinished, ExecutionOwned
from storage.database.lease import Lease
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.finish_execution import finish
from tasks.services import Services
from tasks.taking_over import take_over

_ENDED = frozenset({ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED})


async def cancel(services: Services, reference: str) -> str:
    """Ask the owner of an execution to stop; one without a living owner is cancelled here and now.

    Returns:
        A sentence that says which of the two happened.

    Raises:
        ExecutionFinished: it ended already.
    """
    execution = await services.database.run(services.scope, lambda work: work.executions.resolve(reference))
    if execution.status in _ENDED:
        raise ExecutionFinished(str(execution.id), execution.status.value)
    try:
        lease = await services.database.run(services.scope, lambda work: _take_over(work, reference))
    except ExecutionOwned as owned:
        await services.database.run(services.scope, lambda work: work.executions.request_cancel(execution.id))
        return f"{owned.owner} is asked to stop execution {execution.id}; it does so within seconds."
    await finish(services, lease, ExecutionStatus.CANCELLED, Cancelled())
    return f"Execution {execution.id} is cancelled; nothing was working on it."


def _take_over(work: Work, reference: str) -> Lease:
    execution = work.executions.resolve(reference)
    return take_over(work, execution.id, None, datetime.now(UTC))
