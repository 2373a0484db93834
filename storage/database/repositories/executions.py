"""Executions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from repomill.calls.ledger import LedgerMode
from repomill.errors import AmbiguousReference, ExecutionNotFound
from repomill.roles import Permission
from storage.database.models import Execution, ExecutionAttempt
from storage.database.repositories._leases import Leases
from storage.database.repositories._pages import newest_first
from storage.database.repositories._references import LATEST, MATCHES_SHOWN, id_range
from storage.database.repositories.limits import Limits
from storage.database.transitions import ExecutionStatus

ENTITY = "execution"


@dataclass(frozen=True, slots=True)
class NewExecution:
    """An execution that is to be; `root_id` names the execution whose paid work it continues, if any."""

    workflow_version_id: UUID
    project_id: UUID
    inputs: Mapping[str, Any]
    mode: LedgerMode = LedgerMode.LIVE
    recordings: str | None = None
    root_id: UUID | None = None
    execution_id: UUID | None = None
    use_mocks: bool = False


class Executions(Leases):
    """Executions, and who may work on each (`acquire` and what follows, see `Leases`)."""

    def create(self, new: NewExecution) -> Execution:
        """Write a pending execution of the scope's user; raises `NotPermitted`, `LimitReached`."""
        self._require(Permission.RUN)
        Limits(self._session, self._scope, self._clock).check_run()
        now = self._clock()
        execution_id = new.execution_id or uuid4()
        execution = Execution(
            id=execution_id,
            root_id=new.root_id or execution_id,
            workflow_version_id=new.workflow_version_id,
            project_id=new.project_id,
            acting_user_id=self._scope.user_id,
            status=ExecutionStatus.PENDING,
            mode=new.mode,
            recordings=new.recordings,
            inputs=dict(new.inputs),
            use_mocks=new.use_mocks,
            created_at=now,
            updated_at=now,
        )
        self._add(execution)
        self._created(ENTITY, execution)
        return execution

    def get(self, execution_id: UUID) -> Execution:
        """Return one by its whole id; raises `ExecutionNotFound`."""
        return self._get(execution_id)

    def list(
        self, limit: int = 50, status: ExecutionStatus | None = None, after: Execution | None = None
    ) -> Sequence[Execution]:
        """Return the newest first, or those that follow the last one of a page."""
        query = select(Execution) if status is None else select(Execution).where(Execution.status == status)
        behind = None if after is None else (after.created_at, after.id)
        return self._session.scalars(newest_first(query, Execution, limit, behind)).all()

    def resolve(self, reference: str) -> Execution:
        """Return the execution that an id, a prefix of one, or `latest` means.

        Raises:
            ExecutionNotFound: it means none.
            AmbiguousReference: it is a prefix of several ids.
        """
        if reference == LATEST:
            matches: Sequence[Execution] = self.list(1)
        elif ids := id_range(reference):
            query = select(Execution).where(Execution.id.between(ids.first, ids.last)).limit(MATCHES_SHOWN)
            matches = self._session.scalars(query).all()
        else:
            matches = []
        if len(matches) > 1:
            raise AmbiguousReference(ENTITY, reference, tuple(str(match.id) for match in matches))
        if not matches:
            raise ExecutionNotFound(reference)
        return matches[0]

    def attempts(self, execution_id: UUID) -> Sequence[ExecutionAttempt]:
        """Return its attempts, oldest first."""
        query = select(ExecutionAttempt).where(ExecutionAttempt.execution_id == execution_id)
        return self._session.scalars(query.order_by(ExecutionAttempt.number)).all()

    def delete(self, execution: Execution) -> None:
        """Delete it with its attempts, nodes, events and calls; a generated project stays."""
        self._audit("delete", ENTITY, execution.id, execution.status.value, None)
        self._session.delete(execution)
        self._session.flush()
