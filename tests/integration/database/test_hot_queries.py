"""What is asked most goes through its index, in a number of statements that does not grow with the rows."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from repomill.retention import RetentionRules
from storage.database.models import User
from storage.database.repositories.retention import Group, Page
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus
from storage.database.work import Work
from tests.fakes.many_rows import fill
from tests.fakes.stored_rows import NOW, completed_project, new_execution
from tests.servers import postgresql

Ask = Callable[[Work], Any]


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Collect the SELECTs that are made meanwhile, with their values."""
    made: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            made.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def ids(work: Work) -> Any:
    """An execution's id that need not exist."""
    return DEFAULT_SCOPE.user_id


FIRST = Page(Group(None, RetentionRules()), NOW, None, 100)
"""Of what retention removes."""

LARGE = (
    "executions",
    "execution_attempts",
    "events",
    "generated_projects",
    "project_files",
    "repository_exports",
)
"""What `fill` fills; tables of some rows are best read whole."""

HOT: list[tuple[str, Ask, str]] = [
    ("a page of executions", lambda work: work.executions.list(20), "ix_executions_organisation_id_created_at"),
    (
        "executions of a status",
        lambda work: work.executions.list(20, ExecutionStatus.RUNNING),
        "ix_executions_organisation_id_status_created_at",
    ),
    (
        "a page of projects",
        lambda work: work.generated_projects.list(20),
        "ix_generated_projects_organisation_id_page_created_at",
    ),
    (
        "projects of a status",
        lambda work: work.generated_projects.list(20, status=GeneratedProjectStatus.FAILED),
        "ix_generated_projects_organisation_id_status_created_at",
    ),
    (
        "the project of an execution",
        lambda work: work.generated_projects.of_execution(ids(work)),
        "uq_generated_projects_workflow_execution_id",
    ),
    (
        "files by their content",
        lambda work: work.project_files.with_content("ab" * 32),
        "ix_project_files_content_hash",
    ),
    (
        "files of a type",
        lambda work: work.project_files.of_type("python"),
        "ix_project_files_organisation_id_file_type_id",
    ),
    (
        "the files of a project",
        lambda work: work.project_files.list(ids(work)),
        "uq_project_files_generated_project_id_file_path",
    ),
    ("events that follow", lambda work: work.events.after(ids(work), 5), "uq_events_execution_id_sequence"),
    (
        "the attempts of an execution",
        lambda work: work.executions.attempts(ids(work)),
        "uq_execution_attempts_execution_id_fence",
    ),
    ("who keeps an archived tree", lambda work: work.objects.is_named("cold"), "ix_generated_projects_cold_key"),
    ("who keeps a pack", lambda work: work.objects.is_named("pack"), "ix_generated_projects_pack_key"),
    (
        "the oldest trees",
        lambda work: work.retention.trees_to_delete(FIRST),
        "ix_generated_projects_status_archived_at",
    ),
]


@pytest.fixture(scope="module")
def planned(postgresql_server: str, migrated_postgresql: str) -> Iterator[Database]:
    """A database with so many rows that no table is read as a whole by choice."""
    database = Database(postgresql.create_database(postgresql_server, "planned", migrated_postgresql), threads=1)
    fill(database, projects=2000, files=10)
    yield database
    database.close()


@pytest.mark.parametrize(("ask", "index"), [hot[1:] for hot in HOT], ids=[hot[0] for hot in HOT])
def test_a_hot_query_uses_its_index(planned: Database, ask: Ask, index: str) -> None:
    with statements(planned) as made, planned.transaction(DEFAULT_SCOPE) as work:
        ask(work)
        connection = work.executions._session.connection()  # the same settings, the same organisation
        plan = [line for sent in tuple(made) for line in explained(connection, *sent)]
    assert any(index in line for line in plan), plan
    assert not [line for line in plan for table in LARGE if f"Seq Scan on {table}" in line], plan


ITERATIONS = [f"each[{number}].ask" for number in range(40)]

FEW: list[tuple[str, Ask]] = [
    *(hot[:2] for hot in HOT),
    ("what a batch of nodes is", lambda work: list(work.nodes._rows(ids(work), ITERATIONS))),
    ("the calls of an execution", lambda work: work.calls.keys(ids(work), 100)),
    (
        "an account of a budget",
        lambda work: work.budgets._accounts._locked(["organisation", "organisation 2026-01-01"]),
    ),
    ("a queue", lambda work: work.call_queues._find("models")),
    ("a user by name", lambda work: work.users._session.scalars(select(User).where(User.name == "ann")).all()),
]


@pytest.mark.parametrize("ask", [few[1] for few in FEW], ids=[few[0] for few in FEW])
def test_sqlite_does_not_read_a_whole_organisation(migrated_sqlite: Path, tmp_path: Path, ask: Ask) -> None:
    """It plans without counting rows, and an embedded stack has one organisation: its index leads to every row."""
    shutil.copy(migrated_sqlite, tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    with database.transaction(DEFAULT_SCOPE):
        pass  # the first one looks at the schema's revision
    with statements(database) as made, database.transaction(DEFAULT_SCOPE) as work:
        ask(work)
        connection = work.executions._session.connection()
        told = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent}", values) for sent, values in tuple(made)]
        plan = [row.detail for rows in told for row in rows]
    database.close()
    assert plan
    whole = [line for line in plan if line.startswith("SCAN") or line.endswith("_organisation_id (organisation_id=?)")]
    whole = [line for line in whole if line != "SCAN projects"]  # as few as their names that people think of
    assert not whole, plan


def explained(connection: Connection, statement: str, values: Any) -> Sequence[str]:
    return connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()


MANY: list[tuple[str, Ask]] = [
    ("executions", lambda work: work.executions.list()),
    ("projects", lambda work: work.generated_projects.list()),
    ("workflows", lambda work: work.workflows.list()),
    ("files", lambda work: work.project_files.with_content("ab" * 32)),
    ("users", lambda work: work.users.list()),
    ("orphans", lambda work: work.orphans.list(NOW, NOW - NOW, lambda _: True)),
    ("costs", lambda work: work.calls.costs()),
]


@pytest.mark.parametrize("ask", [many[1] for many in MANY], ids=[many[0] for many in MANY])
def test_more_rows_need_no_more_statements(database: Database, ask: Ask) -> None:
    counts = []
    for _ in range(2):
        with database.transaction(DEFAULT_SCOPE) as work:
            for _ in range(3):
                completed_project(work)
        with statements(database) as made, database.transaction(DEFAULT_SCOPE) as work:
            ask(work)
        counts.append(len(made))
    assert counts[0] == counts[1] <= 2


def test_pages_follow_each_other_without_gap_or_overlap(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        made = [new_execution(work).id for _ in range(7)]
        pages, last = [], None
        while page := work.executions.list(3, after=last):
            pages.append([row.id for row in page])
            last = page[-1]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [row for page in pages for row in page] == made[::-1]


def test_pages_of_projects_and_of_files_follow_each_other(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        made = [completed_project(work) for _ in range(3)]
        first = work.generated_projects.list(2, status=GeneratedProjectStatus.COMPLETED)
        rest = work.generated_projects.list(2, status=GeneratedProjectStatus.COMPLETED, after=first[-1])
        assert [row.id for row in (*first, *rest)] == [project.id for project in made[::-1]]
        files = work.project_files.of_type("python", 2)
        others = work.project_files.of_type("python", 2, after=files[-1])
    assert len({file.id for file in (*files, *others)}) == 3
