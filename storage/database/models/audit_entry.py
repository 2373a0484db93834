"""The audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import JSON_DOCUMENT, NAME


class AuditEntry(Tenant, Base):
    """Who did what to which row; the database refuses to change or delete an entry."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_entity_entity_id", "entity", "entity_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str] = mapped_column(NAME)
    entity: Mapped[str] = mapped_column(NAME)
    entity_id: Mapped[UUID]
    before: Mapped[str | None] = mapped_column(NAME)
    after: Mapped[str | None] = mapped_column(NAME)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT, default=dict)
    at: Mapped[datetime] = mapped_column(index=True)
