"""Executions that somebody worked on and that gave no sign of life for a while."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import select

from storage.database.models import Execution, ExecutionAttempt, User
from storage.database.repositories._leases import LOST
from storage.database.repositories.base import Repository
from storage.database.transitions import ExecutionStatus

AT_ONCE = 200
"""Orphans in one answer; who takes care of them asks again."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """An execution without a living owner, and what it takes to go on with it.

    `flow_run_id` is the flow run that was lost, `fence` that of its attempt, `losses` how many attempts in a row ended
    like this one, itself included.
    """

    execution_id: UUID
    workflow_version_id: UUID
    inputs: Mapping[str, Any]
    user: str
    flow_run_id: UUID | None
    fence: int
    losses: int
    is_to_be_cancelled: bool


class Orphans(Repository):
    """Finding them; `Executions.acquire` decides who may go on with one."""

    def list(self, now: datetime, lease: timedelta, owner_is_dead: Callable[[str], bool]) -> Sequence[Orphan]:
        """Return executions whose owner was silent for `lease` or is known to be dead, the longest silence first."""
        query = (
            select(Execution, ExecutionAttempt, User.name)
            .join(ExecutionAttempt, ExecutionAttempt.execution_id == Execution.id)
            .join(User, User.id == Execution.acting_user_id)
            .where(ExecutionAttempt.ended_at.is_(None), Execution.status == ExecutionStatus.RUNNING)
            .order_by(ExecutionAttempt.heartbeat_at)
            .limit(AT_ONCE)
        )
        silent = [
            (execution, attempt, name)
            for execution, attempt, name in self._session.execute(query)
            if attempt.heartbeat_at <= now - lease or owner_is_dead(attempt.owner)
        ]
        losses = self._losses(execution.id for execution, _, _ in silent)
        return [_orphan(execution, attempt, name, losses) for execution, attempt, name in silent]

    def _losses(self, executions: Iterable[UUID]) -> dict[UUID, int]:
        """Count the attempts that were lost one after the other, up to now."""
        query = select(ExecutionAttempt.execution_id, ExecutionAttempt.outcome).where(
            ExecutionAttempt.execution_id.in_(list(executions)), ExecutionAttempt.ended_at.is_not(None)
        )
        ended = self._session.execute(query.order_by(ExecutionAttempt.execution_id, ExecutionAttempt.number.desc()))
        return {
            execution: sum(1 for _ in takewhile(lambda row: row[1] == LOST, attempts))
            for execution, attempts in groupby(ended, key=lambda row: row[0])
        }


def _orphan(execution: Execution, attempt: ExecutionAttempt, user: str, losses: Mapping[UUID, int]) -> Orphan:
    return Orphan(
        execution_id=execution.id,
        workflow_version_id=execution.workflow_version_id,
        inputs=execution.inputs,
        user=user,
        flow_run_id=attempt.prefect_flow_run_id,
        fence=attempt.fence,
        losses=losses.get(execution.id, 0) + 1,
        is_to_be_cancelled=execution.cancel_requested_at is not None,
    )
