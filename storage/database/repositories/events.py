"""Events of executions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from repomill.errors import ExecutionNotFound
from storage.database.models import Event, Execution
from storage.database.repositories._many import insert_all
from storage.database.repositories.base import Repository

CHANNEL = "repomill_events"
"""PostgreSQL tells the execution's id there for every commit with events."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no number yet; `at` is when it happened, None for now."""

    kind: str
    node_path: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


class Events(Repository):
    """A numbered stream per execution, that readers follow by the last number they saw."""

    def append(
        self, execution_id: UUID, kind: str, node_path: str | None = None, payload: dict[str, Any] | None = None
    ) -> int:
        """Write an event and return its number."""
        return self.append_all(execution_id, [NewEvent(kind, node_path, payload or {})])

    def append_all(self, execution_id: UUID, events: Sequence[NewEvent]) -> int:
        """Write events in this order and return the last one's number.

        The counter's row stays locked until the commit, so numbers have no gap and become visible in order.
        """
        more = Execution.event_sequence + len(events)
        count = update(Execution).where(Execution.id == execution_id).values(event_sequence=more)
        counted = count.returning(Execution.event_sequence).execution_options(synchronize_session=False)
        last = self._session.scalar(counted)
        if last is None:
            raise ExecutionNotFound(str(execution_id))
        rows = [
            {
                "execution_id": execution_id,
                "sequence": sequence,
                "kind": new.kind,
                "node_path": new.node_path,
                "payload": new.payload,
                "created_at": new.at or self._clock(),
            }
            for sequence, new in enumerate(events, last - len(events) + 1)
        ]
        insert_all(self._session, self._scope, Event, rows)
        self._notify(execution_id)
        return last

    def _notify(self, execution_id: UUID) -> None:
        """Wake those who follow, at the commit; SQLite has no such thing, and who follows looks by itself."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(select(func.pg_notify(CHANNEL, str(execution_id))))

    def after(self, execution_id: UUID, sequence: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Return the events that follow number `sequence`, in order."""
        query = select(Event).where(Event.execution_id == execution_id, Event.sequence > sequence)
        return self._session.scalars(query.order_by(Event.sequence).limit(limit)).all()
