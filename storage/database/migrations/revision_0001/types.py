"""Column types of the first schema."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

INSTANT = sa.DateTime(timezone=True)
JSON: sa.types.TypeEngine[Any] = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
MONEY: sa.types.TypeEngine[Any] = sa.Numeric(20, 10).with_variant(sa.BigInteger(), "sqlite")

NEWEST_FIRST = sa.text("created_at DESC")
