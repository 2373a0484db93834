"""Workflows and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, NAME, PlainText


class Workflow(Tenant, Base):
    """A named workflow; the name is free again once it is deleted (softly)."""

    __tablename__ = "workflows"

    name: Mapped[str] = mapped_column(NAME)
    description: Mapped[str] = mapped_column(PlainText, default="")
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_workflows_name_while_not_deleted",
            "organisation_id",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )


class WorkflowVersion(Tenant, Base):
    """One specification of a workflow; equal specifications (by digest) are one version.

    `templates` is `{folder: {"digest": …, "key": …}}`, the stored template folders.
    """

    __tablename__ = "workflow_versions"
    __table_args__ = (
        UniqueConstraint("workflow_id", "number"),
        UniqueConstraint("workflow_id", "digest"),
        Index("ix_workflow_versions_organisation_id_created_at", "organisation_id", text("created_at DESC")),
    )

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST)
    api_version: Mapped[str] = mapped_column(NAME)
    definition: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT)
    source_text: Mapped[str] = mapped_column(PlainText)
    templates: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT, default=dict)
    deployment_id: Mapped[UUID | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
