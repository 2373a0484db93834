"""Users of an organisation."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.models.base import Base, Tenant
from storage.database.models.types import NAME


class User(Tenant, Base):
    """Somebody who acts."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(NAME)
    email: Mapped[str | None] = mapped_column(NAME)
    created_at: Mapped[datetime]
