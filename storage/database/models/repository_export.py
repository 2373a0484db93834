"""Exports of generated projects, and their journal."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, NAME, PlainText, status_column
from storage.database.transitions import ExportStatus, StepState


class ExportType(StrEnum):
    """Where an export goes."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_ZST = "tar.zst"
    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    GIT = "git"


class RepositoryExport(Tenant, Base):
    """One export; the same node of the same project with the same target is the same export."""

    __tablename__ = "repository_exports"
    __table_args__ = (
        UniqueConstraint(
            "generated_project_id", "node_path", "target_digest", name="uq_repository_exports_project_node_target"
        ),
        CheckConstraint("archive_size >= 0", name="archive_size"),
        CheckConstraint("archive_path IS NULL OR archive_size IS NOT NULL", name="archive_path"),
        # A URL, or Git's user@host:path.
        CheckConstraint("repository_url LIKE '%_://_%' OR repository_url LIKE '%_@_%:%_'", name="repository_url"),
        Index("ix_repository_exports_project_created_at", "generated_project_id", text("created_at DESC")),
    )

    generated_project_id: Mapped[UUID] = mapped_column(ForeignKey("generated_projects.id", ondelete="CASCADE"))
    export_type: Mapped[ExportType] = mapped_column(status_column(ExportType, "export_type"), index=True)
    status: Mapped[ExportStatus] = mapped_column(status_column(ExportStatus, "status"), index=True)
    node_path: Mapped[str | None] = mapped_column(PlainText)
    target_digest: Mapped[str] = mapped_column(DIGEST)
    tree_digest: Mapped[str] = mapped_column(DIGEST)
    repository_name: Mapped[str | None] = mapped_column(NAME)
    repository_url: Mapped[str | None] = mapped_column(PlainText)
    commit_sha: Mapped[str | None] = mapped_column(String(64))
    archive_path: Mapped[str | None] = mapped_column(PlainText, index=True)
    archive_size: Mapped[int | None] = mapped_column(BigInteger)
    config: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT, default=dict)
    error_message: Mapped[str | None] = mapped_column(PlainText)
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class ExportStep(Tenant, Base):
    """The journal: how far one step of an export came, and what it left (`detail`)."""

    __tablename__ = "export_steps"
    __table_args__ = (UniqueConstraint("export_id", "name"),)

    export_id: Mapped[UUID] = mapped_column(ForeignKey("repository_exports.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(NAME)
    state: Mapped[StepState] = mapped_column(status_column(StepState, "state"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT, default=dict)
    at: Mapped[datetime]
