"""Who may work on an execution: leases with a heartbeat, and a fence that rises with every owner.

An owner that lost its lease may not know; its writes carry the old fence and are refused.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Select, and_, bindparam, func, select, update

from repomill.errors import ExecutionFinished, ExecutionNotFound, ExecutionOwned, OwnershipLost, PayloadsExpired
from repomill.roles import Permission
from storage.database.lease import Lease, Wishes
from storage.database.models import Execution, ExecutionAttempt
from storage.database.repositories._many import Opening, of_here, table_of
from storage.database.repositories.base import Repository
from storage.database.transitions import ExecutionStatus

LOST = "lost"

_ENDS = frozenset({ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED})

_EXECUTIONS, _ATTEMPTS = table_of(Execution), table_of(ExecutionAttempt)
_IS_OPEN = and_(_ATTEMPTS.c.id == bindparam("attempt"), _ATTEMPTS.c.ended_at.is_(None))
_GOOD = of_here(select(_ATTEMPTS.c.id).where(_IS_OPEN), _ATTEMPTS)
_OWNED = of_here(
    select(_EXECUTIONS.c.id)
    .join(_ATTEMPTS, _ATTEMPTS.c.execution_id == _EXECUTIONS.c.id)
    .where(_EXECUTIONS.c.id == bindparam("execution"), _EXECUTIONS.c.fence == bindparam("fence"), _IS_OPEN)
    .with_for_update(key_share=True, of=[_EXECUTIONS, _ATTEMPTS]),
    _EXECUTIONS,
    _ATTEMPTS,
)
"""The execution while a lease is good, locked against who takes it over and the owner's heartbeat.

FOR NO KEY UPDATE: rows that refer to it may still be inserted.
"""


def owned(lease: Lease) -> Opening:
    """Return what opens a transaction of a lease's owner, in the place of `Leases.guard` when it finds a row."""
    return Opening(_OWNED, lease_named(lease))


def lease_named(lease: Lease) -> dict[str, object]:
    """Return the parameters of statements that prove a lease."""
    return {"execution": lease.execution_id, "fence": lease.fence, "attempt": lease.attempt_id}


class Leases(Repository):
    """Taking, keeping, proving and giving back the right to work on an execution."""

    def acquire(  # noqa: PLR0913, PLR0917  # one claim, asked for in one place
        self,
        execution_id: UUID,
        owner: str,
        flow_run_id: UUID | None,
        now: datetime,
        lease: timedelta,
        owner_is_dead: Callable[[str], bool],
    ) -> Lease:
        """Open an attempt and set the execution running; an attempt whose owner is gone is closed as lost.

        Raises:
            NotPermitted: the acting user may not run anything.
            ExecutionNotFound: there is no such execution.
            ExecutionFinished: it is completed.
            PayloadsExpired: retention removed what its nodes and calls left.
            ExecutionOwned: its owner, or that of another execution of the same root, gave a sign of life within
                `lease` and nobody knows it dead; two at once would pay for one call twice.
        """
        self._require(Permission.RUN)
        root = self._locked(self._get(execution_id).root_id)
        if root.results_deleted_at or root.calls_deleted_at:
            raise PayloadsExpired(str(execution_id))
        execution = self._locked(execution_id)
        self.check_free(execution_id, now, lease, owner_is_dead)
        if execution.status is ExecutionStatus.COMPLETED:
            raise ExecutionFinished(str(execution_id), execution.status.value)
        # Also those of other executions of the root: who was silent there may wake, and shares the calls. They are
        # locked now: a heartbeat that was quicker counts.
        for attempt in self._session.scalars(_open_attempts_of_root(execution.root_id).with_for_update()).all():
            _check_abandoned(attempt, now, lease, owner_is_dead)
            self._close(attempt, LOST, now)
        execution.fence += 1
        execution.started_at = execution.started_at or now
        execution.updated_at, execution.completed_at, execution.error = now, None, None
        execution.cancel_requested_at = None
        self._change_status("execution", execution, ExecutionStatus.RUNNING, owner=owner, fence=execution.fence)
        opened = self._open(execution, owner, flow_run_id, now)
        return Lease(execution_id, execution.fence, opened.id)

    def check_free(
        self, execution_id: UUID, now: datetime, lease: timedelta, owner_is_dead: Callable[[str], bool]
    ) -> None:
        """Raise `ExecutionOwned` while a living owner works on this execution or another one of its root."""
        for attempt in self._session.scalars(_open_attempts_of_root(self._get(execution_id).root_id)):
            _check_abandoned(attempt, now, lease, owner_is_dead)

    def at_work_beside(self, execution_id: UUID) -> Sequence[Execution]:
        """Return the other executions of the root that somebody owns, dead or alive, locked until the commit."""
        root = self._locked(self._get(execution_id).root_id)
        attempts = self._session.scalars(_open_attempts_of_root(root.id)).all()
        others = [self._locked(each.execution_id) for each in attempts if each.execution_id != execution_id]
        return [other for other in others if self._open_attempt(other.id) is not None]

    def heartbeat(self, lease: Lease, now: datetime) -> Wishes:
        """Say that the owner lives and learn what others want of it; raises `OwnershipLost`."""
        attempt = update(ExecutionAttempt).where(
            ExecutionAttempt.id == lease.attempt_id, ExecutionAttempt.ended_at.is_(None)
        )
        result = self._session.execute(attempt.values(heartbeat_at=now))
        if not isinstance(result, CursorResult) or result.rowcount != 1:
            raise OwnershipLost(str(lease.execution_id))
        return Wishes(cancel=self._get(lease.execution_id).cancel_requested_at is not None)

    def request_cancel(self, execution_id: UUID) -> Execution:
        """Ask the owner to stop; it hears it with its next heartbeat.

        Raises:
            ExecutionNotFound: there is no such execution.
            ExecutionFinished: it ended already.
        """
        self._require(Permission.RUN)
        execution = self._locked(execution_id)
        if execution.status in _ENDS:
            raise ExecutionFinished(str(execution_id), execution.status.value)
        execution.cancel_requested_at = execution.cancel_requested_at or self._clock()
        self._session.flush()
        self._audit("request cancel", "execution", execution.id, None, None)
        return execution

    def guard(self, lease: Lease) -> None:
        """Lock the execution until the commit; raises `OwnershipLost` when the lease is no longer good.

        First in every transaction that writes on behalf of an execution: it also orders locks, so that two
        writers of one execution cannot wait for each other.
        """
        if not self._read_all(_OWNED, lease_named(lease)):
            self._locked(lease.execution_id)  # it may be gone altogether
            raise OwnershipLost(str(lease.execution_id))

    def guarded(self, lease: Lease) -> Execution:
        """Return the execution, locked; raises as `guard`."""
        self.guard(lease)
        return self._locked(lease.execution_id)

    def is_good(self, lease: Lease) -> bool:
        """Tell whether the lease is good, without locking."""
        return bool(self._read_all(_GOOD, {"attempt": lease.attempt_id}))

    def finish(
        self, lease: Lease, status: ExecutionStatus, error: dict[str, Any] | None = None, *, now: datetime | None = None
    ) -> Execution:
        """Give the execution back with its outcome (also `suspended`); raises `OwnershipLost`, `IllegalTransition`."""
        execution = self.guarded(lease)
        return self._end(execution, status, error, status.value, now or self._clock())

    def reconcile(self, execution_id: UUID, status: ExecutionStatus, error: dict[str, Any] | None = None) -> Execution:
        """Set the outcome of an execution that has no process to tell it (cancelled while suspended, crashed for good).

        An attempt that is still open is closed as lost and can write no more. Raises `ExecutionNotFound`,
        `IllegalTransition`.
        """
        execution = self._locked(execution_id)
        execution.fence += 1
        return self._end(execution, status, error, LOST, self._clock())

    def _end(
        self, execution: Execution, status: ExecutionStatus, error: dict[str, Any] | None, outcome: str, now: datetime
    ) -> Execution:
        attempt = self._open_attempt(execution.id)
        if attempt is not None:
            self._close(attempt, outcome, now)
        execution.error, execution.updated_at = error, now
        execution.completed_at = now if status in _ENDS else None
        self._change_status("execution", execution, status)
        return execution

    def _get(self, execution_id: UUID) -> Execution:
        return self._one(execution_id, is_locked=False)

    def _locked(self, execution_id: UUID) -> Execution:
        return self._one(execution_id, is_locked=True)

    def _one(self, execution_id: UUID, *, is_locked: bool) -> Execution:
        query = select(Execution).where(Execution.id == execution_id)
        if is_locked:  # FOR NO KEY UPDATE: rows that refer to it may still be inserted
            query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        execution = self._session.scalars(query).one_or_none()
        if execution is None:
            raise ExecutionNotFound(str(execution_id))
        return execution

    def _open_attempt(self, execution_id: UUID) -> ExecutionAttempt | None:
        query = select(ExecutionAttempt).where(
            ExecutionAttempt.execution_id == execution_id, ExecutionAttempt.ended_at.is_(None)
        )
        # Locked against the owner's heartbeat, which does not lock the execution.
        query = query.with_for_update().execution_options(populate_existing=True)
        return self._session.scalars(query).one_or_none()

    def _open(self, execution: Execution, owner: str, flow_run_id: UUID | None, now: datetime) -> ExecutionAttempt:
        attempts = select(func.count()).where(ExecutionAttempt.execution_id == execution.id)
        number = (self._session.scalar(attempts) or 0) + 1
        attempt = ExecutionAttempt(execution_id=execution.id, number=number, fence=execution.fence, owner=owner)
        attempt.prefect_flow_run_id = flow_run_id
        attempt.heartbeat_at = attempt.started_at = now
        return self._add(attempt)

    def _close(self, attempt: ExecutionAttempt, outcome: str, now: datetime) -> None:
        attempt.ended_at, attempt.outcome = now, outcome
        self._session.flush()


def _open_attempts_of_root(root_id: UUID) -> Select[tuple[ExecutionAttempt]]:
    executions = select(Execution.id).where(Execution.root_id == root_id)
    query = select(ExecutionAttempt).where(
        ExecutionAttempt.execution_id.in_(executions), ExecutionAttempt.ended_at.is_(None)
    )
    return query.execution_options(populate_existing=True)


def _check_abandoned(
    attempt: ExecutionAttempt, now: datetime, lease: timedelta, owner_is_dead: Callable[[str], bool]
) -> None:
    silence = now - attempt.heartbeat_at
    if silence < lease and not owner_is_dead(attempt.owner):
        raise ExecutionOwned(str(attempt.execution_id), attempt.owner, silence.total_seconds())
