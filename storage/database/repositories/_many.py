"""Rows that nobody looks at again before the commit, inserted without objects."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from storage.database.models import Base
from storage.database.scope import Scope


def table_of(model: type[Base]) -> Table:
    """Return the table of a model, for statements past the session; those name the organisation themselves."""
    return cast(Table, model.__table__)


def insert_all(session: Session, scope: Scope, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows with equal columns; like the session's own, they are of the scope's organisation."""
    if not rows:
        return
    session.flush()  # what these may refer to
    stamped = [{**row, "organisation_id": scope.organisation_id} for row in rows]
    session.connection().execute(insert(table_of(model)), stamped)
