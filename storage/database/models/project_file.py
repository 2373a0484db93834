"""Files of generated projects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import NAME, PlainText

RELATIVE_PATH = (
    "file_path <> '' AND file_path <> '..' AND file_path NOT LIKE '/%' AND file_path NOT LIKE '../%'"
    " AND file_path NOT LIKE '%/..' AND file_path NOT LIKE '%/../%'"
)


class ProjectFile(Tenant, Base):
    """One file.

    `data_offset` and `stored_size` say which bytes of the pack to read, `compression` how to unpack them.
    """

    __tablename__ = "project_files"
    __table_args__ = (
        UniqueConstraint("generated_project_id", "file_path"),
        Index("ix_project_files_organisation_id_file_type_id", "organisation_id", "file_type", "id"),
        CheckConstraint(RELATIVE_PATH, name="file_path"),
        CheckConstraint("file_size >= 0", name="file_size"),
        CheckConstraint("data_offset >= 0 AND stored_size >= 0", name="pack_range"),
        CheckConstraint(
            "length(content_hash) = 64 AND trim(content_hash, '0123456789abcdef') = ''", name="content_hash"
        ),
        CheckConstraint("mode IN ('100644', '100755')", name="mode"),
    )

    generated_project_id: Mapped[UUID] = mapped_column(ForeignKey("generated_projects.id", ondelete="CASCADE"))
    file_path: Mapped[str] = mapped_column(PlainText)
    file_name: Mapped[str] = mapped_column(PlainText)
    file_type: Mapped[str] = mapped_column(NAME, index=True)
    file_size: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    content_preview: Mapped[str] = mapped_column(PlainText, default="")
    mode: Mapped[str] = mapped_column(String(6))
    data_offset: Mapped[int] = mapped_column(BigInteger)
    stored_size: Mapped[int] = mapped_column(BigInteger)
    compression: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
