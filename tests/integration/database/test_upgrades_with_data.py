"""A database of any earlier revision is brought up with everything that is in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Table, column, event, insert, inspect, select, table

from repomill.apis.description import ApiDescription, Operation
from repomill.calls.budget import Limits, Period
from repomill.calls.ledger import CallKey, CallKind, CallRequest, Usage
from repomill.calls.queues import QueueLimits
from storage.database import schema
from storage.database.models import Base, ExportType, ObjectDeletion
from storage.database.repositories.budgets import RunBudget
from storage.database.repositories.exports import ExportResult, NewExport
from storage.database.repositories.limits import Bounds
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import completed_project, fake_digest, running_execution

Row: TypeAlias = Mapping[str, Any]

SCRIPTS = Config()
SCRIPTS.set_main_option("script_location", "storage/database/migrations")
REVISIONS = sorted(script.revision for script in ScriptDirectory.from_config(SCRIPTS).walk_revisions())
SEEDED = ("organisations", "users")
"""The first revision fills these itself."""
REMADE = "memberships"
"""The revision that brings it makes its rows from the users."""


@pytest.fixture(scope="module")
def rows(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Row]]:
    """What the application wrote, by table."""
    file = tmp_path_factory.mktemp("rows") / "rows.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{file}", threads=1)
    with database.transaction(DEFAULT_SCOPE) as work:
        make_rows(work)
    found = {made.name: rows_of(database, made) for made in Base.metadata.sorted_tables}
    database.close()
    return found


def make_rows(work: Work) -> None:
    """Write something into most tables, as the application does."""
    project = completed_project(work)
    export = work.exports.begin(NewExport(project.id, ExportType.GIT, fake_digest("t"), fake_digest("d"), "publish"))
    work.exports.exporting(export.id)
    work.exports.step_started(export.id, "push")
    work.exports.step_done(export.id, "push", {"commit": "c" * 40})
    work.exports.complete(export.id, ExportResult(repository_url="file:///srv/a.git", commit_sha="c" * 40))
    lease = running_execution(work)
    work.nodes.plan(lease, {"plan": "llm"})
    work.nodes.start(lease, "plan")
    work.events.append(lease.execution_id, "node.started", "plan", {"attempt": 1})
    work.budgets.define(project.project_id, Period.DAY, Limits(calls=10))
    request = CallRequest(CallKey("plan", 1, fake_digest("r")), CallKind.MODEL, "main", "gpt", {}, Usage(1, 1, None))
    work.calls.reserve(RunBudget(lease.execution_id, project.project_id, Limits()), lease.execution_id, request, "key")
    work.apis.add("tea", described(), "https://api.test/a.json", "key")
    work.call_queues.enter(QueueLimits("main", concurrency=2), uuid4(), has_turn=False)
    work.retention_marks.pin(project, "kept")
    work.limits.set(Bounds(projects=50))


def described() -> ApiDescription:
    operation = Operation(name="getTea", method="GET", path="/teas/{id}", summary="One tea")
    facts = {"openapi": "3.1.0", "title": "Tea", "version": "1", "servers": (), "security_schemes": {}}
    return ApiDescription(**facts, operations=(operation,), digest=fake_digest("a"))


def rows_of(database: Database, made: Table) -> Sequence[Row]:
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(made).order_by(made.c.id)).mappings()]


def earlier(database: Database, rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[Table, list[Row]]]:
    """Yield the tables that a database of an earlier revision has, and of each row the columns it knows."""
    inspector = inspect(database.engine)
    known = set(inspector.get_table_names())
    for made in Base.metadata.sorted_tables:
        if made.name in known and made.name not in SEEDED:
            columns = {each["name"] for each in inspector.get_columns(made.name)}
            yield made, [{name: row[name] for name in columns & row.keys()} for row in rows[made.name]]


def fill(database: Database, tables: Mapping[Table, list[Row]]) -> None:
    """Insert rows column by column, as an application that knows no others."""
    with database.engine.begin() as connection:
        for made, there in tables.items():
            for row in there:
                known = table(made.name, *(column(name, made.c[name].type) for name in row))
                connection.execute(insert(known).values(row))


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect what is said to the database meanwhile."""
    said: list[str] = []

    def hear(connection: object, cursor: object, statement: str, *others: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def test_the_rows_cover_the_tables(rows: Mapping[str, Sequence[Row]]) -> None:
    memories = {"memories", "memory_turns", "memory_reads"}
    assert {name for name, there in rows.items() if not there} <= {ObjectDeletion.__tablename__} | memories


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_every_row_of_an_earlier_revision_is_there_after_the_upgrade(
    empty_database: Database, rows: Mapping[str, Sequence[Row]], revision: str
) -> None:
    schema.upgrade(empty_database, revision)
    before = {made: there for made, there in earlier(empty_database, rows) if made.name != REMADE}
    fill(empty_database, before)
    with statements(empty_database) as said:
        schema.upgrade(empty_database)
    schema.check(empty_database)
    if empty_database.engine.dialect.name == "postgresql":  # a plain one would keep writers waiting
        there_already = "|".join(made.name for made in before)
        assert not re.search(rf"CREATE INDEX (?!CONCURRENTLY)\w+ ON ({there_already}) ", "\n".join(said))
    assert schema.drift(empty_database) == []
    for made, there in before.items():
        found = {row["id"]: row for row in rows_of(empty_database, made)}
        assert [{name: found[row["id"]][name] for name in row} for row in there] == there
    with empty_database.transaction(DEFAULT_SCOPE) as work:
        assert work.generated_projects.list()[0].total_files == 1
        assert [role.value for _, role in work.users.list()] == ["admin"]
