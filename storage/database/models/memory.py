"""Conversation memory: conversations by key, and their turns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from repomill.memory.port import MemoryScope
from storage.database.models.base import Base, Tenant
from storage.database.models.types import DIGEST, NAME, PlainText, status_column


class Memory(Tenant, Base):
    """One conversation; `owner` is the id of its project, workflow or user, "" where everybody shares it."""

    __tablename__ = "memories"
    __table_args__ = (UniqueConstraint("organisation_id", "scope", "owner", "key", name="uq_memories_identity"),)

    scope: Mapped[MemoryScope] = mapped_column(status_column(MemoryScope, "scope"))
    owner: Mapped[str] = mapped_column(NAME)
    key: Mapped[str] = mapped_column(NAME)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class MemoryTurn(Tenant, Base):
    """One turn, numbered from 1; `payload_key` names what was said, `root_execution_id` and `node_path` by whom.

    Rows are only ever added: of one node of a root execution the newest counts. One that `summarises` stands for all
    turns up to that number.
    """

    __tablename__ = "memory_turns"
    __table_args__ = (
        UniqueConstraint("memory_id", "number", name="uq_memory_turns_number"),
        CheckConstraint("number >= 1", name="number"),
    )

    memory_id: Mapped[UUID] = mapped_column(ForeignKey("memories.id", ondelete="CASCADE"))
    number: Mapped[int]
    summarises: Mapped[int | None]
    root_execution_id: Mapped[UUID]
    node_path: Mapped[str] = mapped_column(PlainText)
    digest: Mapped[str] = mapped_column(DIGEST)
    payload_key: Mapped[str] = mapped_column(PlainText)
    tokens: Mapped[int]
    created_at: Mapped[datetime]
