"""What people are in their organisation, and how much the organisation may have."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from repomill.roles import Role
from storage.database.models.base import Base, Tenant
from storage.database.models.types import status_column


class Membership(Tenant, Base):
    """The role of a user."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("organisation_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(status_column(Role, "role"))
    updated_at: Mapped[datetime]


class OrganisationLimits(Tenant, Base):
    """What bounds an organisation; null means no bound, and so does a missing row. Days are those of UTC."""

    __tablename__ = "organisation_limits"
    __table_args__ = (
        UniqueConstraint("organisation_id"),
        CheckConstraint("projects >= 0 AND runs_a_day >= 0 AND storage_bytes >= 0 AND files >= 0", name="positive"),
    )

    projects: Mapped[int | None] = mapped_column(BigInteger)
    runs_a_day: Mapped[int | None] = mapped_column(BigInteger)
    storage_bytes: Mapped[int | None] = mapped_column(BigInteger)
    files: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime]
