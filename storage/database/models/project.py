"""Projects: what executions and generated projects are gathered under."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import JSON_DOCUMENT, NAME, PlainText


class Project(Tenant, Base):
    """A project; deleting one takes its executions, generated projects, files and exports along."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(NAME)
    description: Mapped[str] = mapped_column(PlainText, default="")
    policy: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    """A `repomill.trees.policy.TreePolicy`; null means the defaults."""
    retention: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    """What differs from the organisation's `repomill.retention.RetentionRules`."""
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
