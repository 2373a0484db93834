"""Rows written past the session, which is much quicker: without objects, and naming the organisation themselves."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, Update, bindparam, insert, update
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


def update_all(
    session: Session, scope: Scope, model: type[Base], changes: Sequence[tuple[UUID, Mapping[str, Any]]]
) -> None:
    """Write the same columns of stored rows of the scope's organisation, each named by its id."""
    if not changes:
        return
    here = scope.organisation_id
    session.connection().execute(_by_id(model), [{**values, "row": row, "here": here} for row, values in changes])


@cache
def _by_id(model: type[Base]) -> Update:
    table = table_of(model)
    return update(table).where(table.c.id == bindparam("row"), table.c.organisation_id == bindparam("here"))
