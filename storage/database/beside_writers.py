"""The part of an upgrade that may take long on a large table, and lets others write meanwhile; PostgreSQL only.

An index is built concurrently; a constraint holds for new rows first, and is proven for all of them here. Neither can
be part of the transaction. Where it is interrupted, the same upgrade run again goes on: what is missing or half built
is found by comparing the database with the models.
"""

import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.schema import CreateIndex, DropIndex

from storage.database.locks import AdvisoryLock

if TYPE_CHECKING:
    from storage.database.session import Database

LOOK_AGAIN = 0.2
"""Seconds between two tries for the lock."""

# An interrupted build leaves an index that is written to and never read.
UNBUILT = """
    SELECT name FROM unnest(CAST(:names AS text[])) AS name
    LEFT JOIN pg_index ON indexrelid = to_regclass(quote_ident(name))
    WHERE indisvalid IS NOT TRUE ORDER BY name
"""
UNPROVEN = """
    SELECT conrelid::regclass::text AS of_table, quote_ident(conname) AS name FROM pg_constraint
    WHERE NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY conname
"""


def finish(database: "Database") -> None:
    """Build and prove what `unfinished` names; whoever starts second waits and finds it done.

    Raises:
        DatabaseUnavailable: it went away in the middle, or somebody cancelled the statement.
    """
    if database.engine.dialect.name != "postgresql":
        return
    with database.bare() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        _wait_for_turn(connection)
        for name in _unbuilt(connection):
            _build(connection, name, _indexes()[name])
        for table, constraint in connection.execute(text(UNPROVEN)).all():
            connection.exec_driver_sql(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def unfinished(connection: Connection) -> list[str]:
    """Return the names of indexes that are missing or half built, and of constraints that old rows may not meet."""
    return [*_unbuilt(connection), *(row.name for row in connection.execute(text(UNPROVEN)))]


def _unbuilt(connection: Connection) -> list[str]:
    return list(connection.execute(text(UNBUILT), {"names": list(_indexes())}).scalars())


def _indexes() -> dict[str, Table]:
    """Return the table of each index; unique ones are a matter of right and wrong, and made with their tables."""
    from storage.database.models import Base

    tables = Base.metadata.tables.values()
    return {str(index.name): table for table in tables for index in table.indexes if not index.unique}


def _build(connection: Connection, name: str, model: Table) -> None:
    table = model.to_metadata(MetaData())
    index = next(each for each in table.indexes if each.name == name)
    index.dialect_options["postgresql"]["concurrently"] = True
    connection.execute(DropIndex(index, if_exists=True))
    connection.execute(CreateIndex(index))


def _wait_for_turn(connection: Connection) -> None:
    """Take the lock, which the connection's end gives back.

    It is tried for again and again: the building of an index waits for every transaction that began before, so one that
    waited for the builder's lock in turn would wait for ever.
    """
    while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": AdvisoryLock.INDEXES}).scalar():
        time.sleep(LOOK_AGAIN)
