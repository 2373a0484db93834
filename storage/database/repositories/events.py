"""Events of executions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from repomill.errors import ExecutionNotFound
from storage.database.models import Event, Execution
from storage.database.repositories.base import Repository


class Events(Repository):
    """A numbered stream per execution, that readers follow by the last number they saw."""

    def append(
        self, execution_id: UUID, kind: str, node_path: str | None = None, payload: dict[str, Any] | None = None
    ) -> int:
        """Write an event and return its number.

        The counter's row stays locked until the commit, so numbers have no gap and become visible in order.
        """
        count = (
            update(Execution).where(Execution.id == execution_id).values(event_sequence=Execution.event_sequence + 1)
        )
        counted = count.returning(Execution.event_sequence).execution_options(synchronize_session=False)
        sequence = self._session.scalar(counted)
        if sequence is None:
            raise ExecutionNotFound(str(execution_id))
        event = Event(execution_id=execution_id, sequence=sequence, kind=kind, node_path=node_path)
        event.payload, event.created_at = payload or {}, self._clock()
        self._add(event)
        return sequence

    def after(self, execution_id: UUID, sequence: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Return the events that follow number `sequence`, in order."""
        query = select(Event).where(Event.execution_id == execution_id, Event.sequence > sequence)
        return self._session.scalars(query.order_by(Event.sequence).limit(limit)).all()
