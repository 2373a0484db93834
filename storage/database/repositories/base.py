"""What repositories share."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from repomill.errors import NotPermitted
from repomill.roles import Permission
from storage.database.changes import StatusChange, facts_of, keep
from storage.database.models import AuditEntry, Base, Membership, User
from storage.database.repositories._many import (
    ChangeHere,
    OfHere,
    WriteHere,
    insert_all,
    read_all,
    update_all,
    write_all,
)
from storage.database.scope import Scope
from storage.database.transitions import check_transition

RowT = TypeVar("RowT", bound=Base)


class Repository:
    """Base of all repositories; the session adds the organisation to every statement (see `_tenancy`).

    What goes past the session, because it is asked most often, names it itself (see `_many`).
    """

    def __init__(self, session: Session, scope: Scope, clock: Callable[[], datetime]) -> None:
        self._session = session
        self._scope = scope
        self._clock = clock

    def _read_all(self, query: OfHere | ChangeHere, named: Mapping[str, object]) -> Sequence[Row[Any]]:
        """Return rows, or those that were changed, past the session, which takes three times as long."""
        return read_all(self._session, self._scope, query, named)

    def _write_all(self, change: WriteHere, *rows: Mapping[str, object]) -> None:
        """Make a change once for each of these parameters, past the session."""
        write_all(self._session, self._scope, change, rows)

    @property
    def _can_return(self) -> bool:
        """Tell whether changes may return rows: SQLite's do since 3.35."""
        return self._session.connection().dialect.update_returning

    def _add(self, row: RowT) -> RowT:
        """Insert now, so that the database's constraints speak here and not at the commit."""
        self._session.add(row)
        self._session.flush()
        return row

    def _insert(self, row: RowT) -> RowT:
        """Insert now, past the session, which takes several times as long and will not know the row."""
        values = {name: value for name, value in vars(row).items() if not name.startswith("_")}
        insert_all(self._session, self._scope, type(row), [values])
        return row

    def _put(self, row: Any, **values: Any) -> None:
        """Write columns of a stored row now, as `_put_all`."""
        self._put_all([(row, values)])

    def _put_all(self, changes: Sequence[tuple[Any, Mapping[str, Any]]]) -> None:
        """Write the same columns of stored rows of one table now, past the session, which takes several times as long.

        What the session has not written yet goes first. The rows in memory follow.
        """
        if not changes:
            return
        self._session.flush()
        model: type[Base] = type(changes[0][0])
        update_all(self._session, self._scope, model, [(row.id, values) for row, values in changes])
        for row, values in changes:
            for name, value in values.items():
                set_committed_value(row, name, value)

    def _require(self, permission: Permission) -> None:
        """Raise `NotPermitted` unless the acting user may do this."""
        query = select(Membership.role).where(Membership.user_id == self._scope.user_id)
        role = self._session.scalar(query)
        if role is None or not role.permits(permission):
            name = self._session.scalar(select(User.name).where(User.id == self._scope.user_id))
            raise NotPermitted(name or str(self._scope.user_id), role.value if role else "no member", permission.value)

    def _audit(
        self, action: str, entity: str, entity_id: UUID, before: str | None, after: str | None, **detail: Any
    ) -> None:
        self._add(self._entry(action, entity, entity_id, before, after, **detail))

    def _entry(
        self, action: str, entity: str, entity_id: UUID, before: str | None, after: str | None, **detail: Any
    ) -> AuditEntry:
        entry = AuditEntry(
            user_id=self._scope.user_id, action=action, entity=entity, entity_id=entity_id, before=before, after=after
        )
        entry.detail = detail
        entry.at = self._clock()
        return entry

    def _created(self, entity: str, row: Any) -> None:
        self._audit("create", entity, row.id, None, row.status.value)
        self._tell(entity, row.id, None, row.status.value, facts_of(entity, row))

    def _change_status(self, entity: str, row: Any, after: StrEnum, **detail: Any) -> None:
        """Move the row's status along its table; staying is no change. Raises `IllegalTransition`."""
        self._change_statuses(entity, [row], after, **detail)

    def _change_statuses(self, entity: str, rows: Sequence[Any], after: StrEnum, **detail: Any) -> None:
        """Move many rows, in as many statements as one takes."""
        moved = [(row, row.status) for row in rows if row.status is not after]
        for row, before in moved:
            check_transition(entity, before, after)
            row.status = after
        self._session.flush()
        self._session.add_all(
            self._entry("status", entity, row.id, before.value, after.value, **detail) for row, before in moved
        )
        self._session.flush()
        for row, before in moved:
            self._tell(entity, row.id, before.value, after.value, facts_of(entity, row))

    def _tell(self, entity: str, entity_id: UUID, before: str | None, after: str, facts: dict[str, Any]) -> None:
        """Let those know who listen for changes of status, once this is committed."""
        scope = self._scope
        change = StatusChange(
            entity, entity_id, before, after, self._clock(), scope.organisation_id, scope.user_id, facts
        )
        keep(self._session, change)
