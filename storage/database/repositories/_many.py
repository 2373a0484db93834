"""Rows read and written past the session, which is much quicker: no objects, and statements name the organisation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NewType, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Row, Select, Table, Update, bindparam, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate, UpdateBase

from storage.database.models import Base
from storage.database.scope import Scope


def table_of(model: type[Base]) -> Table:
    """Return the table of a model, for statements past the session; those name the organisation themselves."""
    return cast(Table, model.__table__)


OfHere = NewType("OfHere", Select[Any])
"""A query that `of_here` restricted to one organisation."""

ChangeHere = NewType("ChangeHere", ReturningUpdate[Any])
"""A change of rows that `change_here` restricted to one organisation."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A statement that goes out with the beginning of a transaction: a request to PostgreSQL less."""

    statement: OfHere | ChangeHere
    named: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Opened:
    """An opening that was sent, and the first value of the row it found, as text; None where it found none."""

    opening: Opening
    value: bytes | None


WriteHere = NewType("WriteHere", UpdateBase)
"""A change of rows that `write_here` restricted to one organisation; it returns nothing."""


def is_here(table: Table) -> ColumnElement[bool]:
    """Return the condition that rows are of the organisation which the parameter `here` names."""
    return table.c.organisation_id == bindparam("here")


def of_here(query: Select[Any], table: Table, *others: Table) -> OfHere:
    """Restrict a query of these tables, all that it names, to the organisation for which it is sent."""
    return OfHere(query.where(*map(is_here, (table, *others))))


def change_here(change: Update, table: Table, name: str, *names: str) -> ChangeHere:
    """Restrict a change of a table's rows to the organisation for which it is sent; it returns columns of them."""
    return ChangeHere(change.where(is_here(table)).returning(*(table.c[each] for each in (name, *names))))


def write_here(change: Update | Delete, table: Table) -> WriteHere:
    """Restrict a change of a table's rows to the organisation for which it is sent."""
    return WriteHere(change.where(is_here(table)))


def read_all(
    session: Session, scope: Scope, query: OfHere | ChangeHere, named: Mapping[str, object]
) -> Sequence[Row[Any]]:
    """Return rows of the scope's organisation, after what the session has not written yet."""
    session.flush()
    return session.connection().execute(query, {**named, "here": scope.organisation_id}).all()


def write_all(session: Session, scope: Scope, change: WriteHere, rows: Sequence[Mapping[str, object]]) -> None:
    """Make a change once for each of these parameters, in that order, after what the session has not written yet."""
    session.flush()
    session.connection().execute(change, [{**named, "here": scope.organisation_id} for named in rows])


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
    return update(table).where(table.c.id == bindparam("row"), is_here(table))
