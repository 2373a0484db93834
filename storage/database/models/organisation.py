"""Organisations: the tenants."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Keyed
from storage.database.models.types import NAME


class Organisation(Keyed, Base):
    """A tenant; everything else belongs to one."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(NAME)
    slug: Mapped[str] = mapped_column(NAME, unique=True)
    created_at: Mapped[datetime]
