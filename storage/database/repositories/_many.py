"""Rows that nobody looks at again before the commit, inserted without objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from storage.database.models import Tenant
from storage.database.scope import Scope


def insert_all(session: Session, scope: Scope, model: type[Tenant], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows with equal columns; like the session's own, they are of the scope's organisation."""
    if not rows:
        return
    session.flush()  # what these may refer to
    stamped = [{**row, "organisation_id": scope.organisation_id} for row in rows]
    session.connection().execute(insert(model.__table__), stamped)
