"""What retention must keep, and what it is about to remove."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import PlainText, status_column


class MarkKind(StrEnum):
    """Why something stays: somebody wants one tree, or the law wants all of a project."""

    PIN = "pin"
    HOLD = "hold"


class RetentionMark(Tenant, Base):
    """A pin on a generated project, or a legal hold on a project and everything of it."""

    __tablename__ = "retention_marks"
    __table_args__ = (
        UniqueConstraint("project_id", "generated_project_id", "kind", name="uq_retention_marks_what_kind"),
        CheckConstraint("(kind = 'pin') = (generated_project_id IS NOT NULL)", name="kind_fits"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    generated_project_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("generated_projects.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[MarkKind] = mapped_column(status_column(MarkKind, "kind"))
    reason: Mapped[str] = mapped_column(PlainText, default="")
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class ObjectDeletion(Tenant, Base):
    """An object of the artefact store (or all under a prefix that ends with a slash) that no row names any more.

    Written in the transaction that took the last name away, before the object goes. While it is here nobody may take
    the key into use: another run of retention may still be at it.
    """

    __tablename__ = "object_deletions"
    __table_args__ = (
        UniqueConstraint("organisation_id", "object_key"),
        Index("ix_object_deletions_deleted_at", "deleted_at"),
    )

    object_key: Mapped[str] = mapped_column(PlainText)
    marked_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    is_erased: Mapped[bool | None]
    """Whether no version is left; null before it is done, false where the store does not tell."""
