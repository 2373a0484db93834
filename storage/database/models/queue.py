"""What processes know of each other's calls: turns, pauses and slots of queues."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import NAME


class CallQueue(Tenant, Base):
    """A queue that was ever used: when its next turn comes, and until when nobody may enter.

    Of its tokens it knows when all are there again, and who waits first for enough of them, until when.
    """

    __tablename__ = "call_queues"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(NAME)
    next_turn_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    tokens_full_at: Mapped[datetime | None]
    tokens_first: Mapped[UUID | None]
    tokens_first_until: Mapped[datetime | None]


class CallSlot(Tenant, Base):
    """A call under way in a queue with a bound; free again after `expires_at`, whatever became of its holder."""

    __tablename__ = "call_slots"
    __table_args__ = (UniqueConstraint("organisation_id", "queue", "holder"),)

    queue: Mapped[str] = mapped_column(NAME)
    holder: Mapped[UUID]
    expires_at: Mapped[datetime]
