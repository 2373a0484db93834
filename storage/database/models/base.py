"""What all tables share: naming of constraints, keys, the organisation, instants."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.database.models.types import UtcDateTime

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> datetime:
    """Return the present instant, aware."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of all models. There are no relationships: repositories ask, so a detached row never loads lazily."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012  # SQLAlchemy's declarative hook


class Keyed:
    """A random UUID as primary key."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)


class Tenant(Keyed):
    """A row that belongs to one organisation; sessions see and write their own organisation's rows only."""

    organisation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("organisations.id"), index=True)
