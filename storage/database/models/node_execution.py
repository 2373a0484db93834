"""Node instances of executions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, JSON_DOCUMENT, NAME, PlainText, status_column
from storage.database.transitions import NodeStatus


class NodeExecution(Tenant, Base):
    """One node instance; `output_key` and `fragment_key` name its output and its files in the artefact store."""

    __tablename__ = "node_executions"
    __table_args__ = (
        UniqueConstraint("execution_id", "node_path"),
        CheckConstraint("file_count >= 0", name="file_count"),
    )

    execution_id: Mapped[UUID] = mapped_column(ForeignKey("executions.id", ondelete="CASCADE"))
    node_path: Mapped[str] = mapped_column(PlainText)
    node_type: Mapped[str] = mapped_column(NAME)
    node_key: Mapped[str | None] = mapped_column(DIGEST, index=True)
    status: Mapped[NodeStatus] = mapped_column(status_column(NodeStatus, "status"))
    fence: Mapped[int]
    output_key: Mapped[str | None] = mapped_column(PlainText)
    output_digest: Mapped[str | None] = mapped_column(DIGEST)
    fragment_key: Mapped[str | None] = mapped_column(PlainText)
    fragment_digest: Mapped[str | None] = mapped_column(DIGEST)
    file_count: Mapped[int] = mapped_column(default=0)
    branches: Mapped[list[str] | None] = mapped_column(JSON_DOCUMENT)
    is_mocked: Mapped[bool] = mapped_column(default=False, server_default=false())
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    prefect_task_run_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
