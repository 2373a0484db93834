"""Generated projects: stored trees."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, PlainText, status_column
from storage.database.transitions import GeneratedProjectStatus


class GeneratedProject(Tenant, Base):
    """The tree an execution generated; `output_directory` is its place in the artefact store."""

    __tablename__ = "generated_projects"
    __table_args__ = (
        UniqueConstraint("workflow_execution_id"),
        CheckConstraint("total_files >= 0", name="total_files"),
        CheckConstraint("total_size >= 0", name="total_size"),
        CheckConstraint(
            "(completed_at IS NOT NULL) = (status IN ('completed', 'archived', 'deleted'))", name="completed_at"
        ),
        Index("ix_generated_projects_status_completed_at", "status", "completed_at"),
        Index("ix_generated_projects_status_archived_at", "status", "archived_at"),
        Index(
            "ix_generated_projects_organisation_id_page_created_at", "organisation_id", text("created_at DESC"), "id"
        ),
        Index(
            "ix_generated_projects_organisation_id_status_created_at",
            "organisation_id",
            "status",
            text("created_at DESC"),
            "id",
        ),
        Index("ix_generated_projects_project_id_created_at", "project_id", text("created_at DESC")),
        Index("ix_generated_projects_created_by_created_at", "created_by", text("created_at DESC")),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    workflow_execution_id: Mapped[UUID | None] = mapped_column(ForeignKey("executions.id", ondelete="SET NULL"))
    output_directory: Mapped[str] = mapped_column(PlainText)
    status: Mapped[GeneratedProjectStatus] = mapped_column(status_column(GeneratedProjectStatus, "status"), index=True)
    total_files: Mapped[int] = mapped_column(default=0)
    total_size: Mapped[int] = mapped_column(BigInteger, default=0)
    tree_digest: Mapped[str | None] = mapped_column(DIGEST, index=True)
    pack_key: Mapped[str | None] = mapped_column(PlainText, index=True)
    pack_format: Mapped[int | None]
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    """What the project's policy found in the tree: a `repomill.trees.policy.Verdict` as JSON."""
    error_message: Mapped[str | None] = mapped_column(PlainText)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    cold_key: Mapped[str | None] = mapped_column(PlainText, index=True)
    """The tree recompressed, while the project is archived; `pack_key` names what was there before."""
    cold_size: Mapped[int | None] = mapped_column(BigInteger)
