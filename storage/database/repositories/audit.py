"""The audit log; entries are written by the other repositories, and read here."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from storage.database.models import AuditEntry
from storage.database.repositories.base import Repository


class AuditLog(Repository):
    """Who did what."""

    def record(self, action: str, entity: str, entity_id: UUID, **detail: Any) -> None:
        """Write an entry for something that is not a change of status."""
        self._audit(action, entity, entity_id, None, None, **detail)

    def of(self, entity_id: UUID) -> Sequence[AuditEntry]:
        """Return the entries about one row, oldest first."""
        query = select(AuditEntry).where(AuditEntry.entity_id == entity_id).order_by(AuditEntry.at, AuditEntry.id)
        return self._session.scalars(query).all()
