"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Numeric, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

JSON_DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_MONEY_PLACES = 10
_MONEY_UNIT = Decimal(1).scaleb(-_MONEY_PLACES)

EnumT = TypeVar("EnumT", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant; stored in UTC, returned aware. A naive datetime is refused with `ValueError`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text that PostgreSQL takes whatever a model wrote: NUL and lone surrogates become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable_text(value)


class Money(TypeDecorator[Decimal]):
    """An amount of US dollars with ten decimals; exact on SQLite too, where it is an integer of the smallest unit."""

    impl = Numeric(20, _MONEY_PLACES)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[int]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(20, _MONEY_PLACES))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        if value is None:
            return None
        exact = value.quantize(_MONEY_UNIT)
        return int(exact.scaleb(_MONEY_PLACES)) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value).scaleb(-_MONEY_PLACES) if dialect.name == "sqlite" else Decimal(value)


def storable_text(value: str) -> str:
    """Replace what UTF-8 or PostgreSQL cannot hold."""
    return value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def status_column(enumeration: type[EnumT], name: str) -> Enum:
    """Return VARCHAR with a CHECK that lists the members' values."""
    return Enum(
        enumeration,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


NAME = String(255)
DIGEST = String(71)
"""`sha256:` and 64 hex digits."""
