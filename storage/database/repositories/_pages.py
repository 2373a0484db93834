"""Lists in pages: what follows a row, however many came before it."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, or_

SelectT = TypeVar("SelectT", bound=Select[Any])


def newest_first(query: SelectT, model: Any, limit: int, after: tuple[datetime, UUID] | None = None) -> SelectT:
    """Order by `created_at`, newest first, and begin behind the row that `after` names by its instant and id."""
    if after is not None:
        at, row_id = after
        # The first condition says nothing new, but lets the index begin at the right place.
        query = query.where(model.created_at <= at, or_(model.created_at < at, model.id > row_id))
    return query.order_by(model.created_at.desc(), model.id).limit(limit)
