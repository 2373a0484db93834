"""Organisations: the tenants."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Keyed
from storage.database.models.types import JSON_DOCUMENT, NAME


class Organisation(Keyed, Base):
    """A tenant; everything else belongs to one."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(NAME)
    slug: Mapped[str] = mapped_column(NAME, unique=True)
    created_at: Mapped[datetime]
    retention: Mapped[dict[str, Any] | None] = mapped_column(JSON_DOCUMENT)
    """What differs from the defaults of `repomill.retention.RetentionRules`."""
