"""Events of executions: progress that people and programs follow."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import JSON_DOCUMENT, NAME, PlainText


class Event(Tenant, Base):
    """One event; `sequence` counts from 1 without a gap within its execution."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("execution_id", "sequence"),)

    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(NAME)
    node_path: Mapped[str | None] = mapped_column(PlainText)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT, default=dict)
    created_at: Mapped[datetime]
