"""Statements on databases have a place in the call ledger, also in a database of before there were any."""

from pathlib import Path

from sqlalchemy import text

from repomill.calls.ledger import CallKind
from storage.database import schema
from storage.database.session import Database


def test_every_kind_of_call_may_be_stored(database: Database) -> None:
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'calls'")).scalar_one()
        else:
            query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_calls_kind'"
            made = connection.execute(text(query)).scalar_one()
    assert all(f"'{kind}'" in made for kind in CallKind)


def test_the_table_made_anew_keeps_its_triggers_and_indexes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/calls.db")
    schema.upgrade(database, "0005")
    before = _made_of_calls(database)
    schema.upgrade(database)
    assert _made_of_calls(database) == before
    assert {kind for kind, _ in before} == {"index", "table", "trigger"}
    schema.downgrade(database, "0005")
    assert _made_of_calls(database) == before
    database.close()


def _made_of_calls(database: Database) -> list[tuple[str, str]]:
    query = "SELECT type, name FROM sqlite_master WHERE tbl_name = 'calls' ORDER BY 1, 2"
    with database.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]
