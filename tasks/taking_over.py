"""Take an execution up, and end what a lost owner left of another one of its root."""

from datetime import datetime
from uuid import UUID

from repomill.errors import Cancelled, RunLost
from storage.database.lease import Lease
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.errors import error_facts
from tasks.finish_execution import record_end
from tasks.ownership import LEASE, is_dead, this_process


def take_over(work: Work, execution_id: UUID, flow_run_id: UUID | None, now: datetime) -> Lease:
    """Own an execution, as `Executions.acquire`.

    Nobody looks for one of the same root that was lost, once this one has taken its place: it is ended here.
    """
    for other in work.executions.at_work_beside(execution_id):
        is_to_be_cancelled = other.cancel_requested_at is not None
        lost = work.executions.acquire(other.id, this_process(), None, now, LEASE, is_dead)
        record_loss(work, lost, "another execution took its work up", is_to_be_cancelled=is_to_be_cancelled)
    return work.executions.acquire(execution_id, this_process(), flow_run_id, now, LEASE, is_dead)


def record_loss(work: Work, lease: Lease, reason: str, *, is_to_be_cancelled: bool) -> ExecutionStatus:
    """End an execution whose process is gone; return what it is now: cancelled if somebody wanted that."""
    if is_to_be_cancelled:
        status, error = ExecutionStatus.CANCELLED, error_facts(Cancelled())
    else:
        status, error = ExecutionStatus.FAILED, error_facts(RunLost(str(lease.execution_id), reason))
    record_end(work, lease, status, error)
    return status
