"""Executions and their attempts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from repomill.calls.ledger import LedgerMode
from storage.database.models.base import Base, Tenant
from storage.database.models.types import JSON_DOCUMENT, NAME, PlainText, status_column
from storage.database.transitions import ExecutionStatus


class Execution(Tenant, Base):
    """The logical run of a workflow version.

    `root_id` is the execution whose paid work it may reuse, itself unless it continues another one. `fence` is the
    number of the attempt that may write, `event_sequence` the last event's number.
    """

    __tablename__ = "executions"
    __table_args__ = (
        CheckConstraint("fence >= 0", name="fence"),
        CheckConstraint("event_sequence >= 0", name="event_sequence"),
        Index("ix_executions_organisation_id_created_at", "organisation_id", text("created_at DESC")),
        Index(
            "ix_executions_organisation_id_status_created_at",
            "organisation_id",
            "status",
            text("created_at DESC"),
            "id",
        ),
        Index("ix_executions_project_id_created_at", "project_id", text("created_at DESC")),
        Index("ix_executions_acting_user_id_created_at", "acting_user_id", text("created_at DESC")),
    )

    # No cascade: a root keeps the paid answers of the executions that continue it, and goes last.
    root_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id"), index=True)
    workflow_version_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_versions.id"), index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    acting_user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[ExecutionStatus] = mapped_column(status_column(ExecutionStatus, "status"), index=True)
    mode: Mapped[LedgerMode] = mapped_column(status_column(LedgerMode, "mode"))
    recordings: Mapped[str | None] = mapped_column(PlainText)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT)
    use_mocks: Mapped[bool] = mapped_column(default=False, server_default=false())
    fence: Mapped[int] = mapped_column(default=0)
    event_sequence: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    cancel_requested_at: Mapped[datetime | None]
    results_deleted_at: Mapped[datetime | None]
    """When retention removed what the nodes of this root execution left in the artefact store; likewise below."""
    calls_deleted_at: Mapped[datetime | None]
    events_deleted_at: Mapped[datetime | None]


class ExecutionAttempt(Tenant, Base):
    """One flow run that works, or worked, on an execution; open while `ended_at` is null."""

    __tablename__ = "execution_attempts"
    __table_args__ = (
        UniqueConstraint("execution_id", "fence"),
        Index(
            "uq_execution_attempts_open",
            "execution_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    number: Mapped[int]
    prefect_flow_run_id: Mapped[UUID | None] = mapped_column(index=True)
    owner: Mapped[str] = mapped_column(NAME)
    fence: Mapped[int]
    heartbeat_at: Mapped[datetime]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(NAME)
