"""What the database itself refuses, and what it deletes along."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from repomill.calls.budget import Limits
from repomill.calls.ledger import CallKey, CallKind, CallRequest
from storage.database.models import Base, ExportType, GeneratedProject
from storage.database.repositories.budgets import RunBudget
from storage.database.repositories.exports import NewExport
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import NOW, completed_project, fake_digest

TABLES = Base.metadata.tables


@pytest.fixture
def project(database: Database) -> GeneratedProject:
    """A completed project with a file, an export and its journal, made by an execution with a row of every kind."""
    with database.transaction(DEFAULT_SCOPE) as work:
        project = completed_project(work)
        export = work.exports.begin(NewExport(project.id, ExportType.ZIP, fake_digest(), fake_digest()))
        work.exports.step_started(export.id, "push")
        execution_id = project.workflow_execution_id
        assert execution_id is not None
        work.events.append(execution_id, "started")
        request = CallRequest(CallKey("plan", 1, fake_digest()), CallKind.MODEL, "main", "m", {})
        work.calls.reserve(RunBudget(execution_id, project.project_id, Limits()), execution_id, request, "key")
    return project


def _count(database: Database, *tables: str) -> list[int]:
    with database.engine.connect() as connection:
        return [connection.execute(select(func.count()).select_from(TABLES[name])).scalar_one() for name in tables]


def _delete(database: Database, table: Table, row_id: object) -> None:
    with database.exclusive(1) as connection:
        connection.execute(delete(table).where(table.c.id == row_id))


def _insert_copy(database: Database, table: Table, changes: dict[str, Any]) -> None:
    """Insert the only row again, with changes."""
    with database.exclusive(1) as connection:
        original = connection.execute(select(table)).one()._asdict()
        connection.execute(insert(table).values(original | changes))


def test_a_deleted_project_takes_everything_below_it_along(database: Database, project: GeneratedProject) -> None:
    below = ("executions", "generated_projects", "project_files", "repository_exports", "export_steps")
    assert _count(database, *below) == [1, 1, 1, 1, 1]
    _delete(database, TABLES["projects"], project.project_id)
    assert _count(database, *below) == [0, 0, 0, 0, 0]


def test_a_deleted_generated_project_takes_files_and_exports_along(
    database: Database, project: GeneratedProject
) -> None:
    _delete(database, TABLES["generated_projects"], project.id)
    assert _count(database, "project_files", "repository_exports", "export_steps", "executions") == [0, 0, 0, 1]


def test_a_deleted_execution_leaves_the_generated_project(database: Database, project: GeneratedProject) -> None:
    _delete(database, TABLES["executions"], project.workflow_execution_id)
    assert _count(database, "generated_projects", "project_files") == [1, 1]
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.generated_projects.get(project.id).workflow_execution_id is None


def test_a_deleted_execution_takes_its_records_along(database: Database, project: GeneratedProject) -> None:
    below = ("execution_attempts", "events", "calls")
    assert _count(database, *below) == [1, 1, 1]
    _delete(database, TABLES["executions"], project.workflow_execution_id)
    assert _count(database, *below) == [0, 0, 0]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("generated_projects", {"total_files": -1}),
        ("generated_projects", {"total_size": -1}),
        ("generated_projects", {"completed_at": None}),
        ("project_files", {"file_size": -1}),
        ("project_files", {"content_hash": "AB" * 32}),
        ("project_files", {"content_hash": "ab" * 31}),
        ("project_files", {"content_hash": "ab" * 31 + "xy"}),
        ("project_files", {"content_hash": "ab" * 31 + "x0"}),
        ("project_files", {"file_path": "/etc/passwd"}),
        ("project_files", {"file_path": "../outside"}),
        ("project_files", {"file_path": "a/../../outside"}),
        ("project_files", {"file_path": "a/.."}),
        ("project_files", {"file_path": ".."}),
        ("project_files", {"file_path": ""}),
        ("project_files", {"mode": "120000"}),
        ("repository_exports", {"archive_size": -1}),
        ("repository_exports", {"archive_path": "a.zip", "archive_size": None}),
        ("repository_exports", {"repository_url": "nonsense"}),
        ("repository_exports", {"export_type": "ftp"}),
        ("calls", {"ordinal": 0}),
        ("executions", {"fence": -1}),
        ("projects", {"organisation_id": uuid4()}),
    ],
)
def test_the_database_refuses(
    database: Database, project: GeneratedProject, table: str, values: dict[str, Any]
) -> None:
    with pytest.raises((IntegrityError, LookupError)), database.exclusive(1) as connection:
        connection.execute(update(TABLES[table]).values(values))
    assert project.completed_at is not None


@pytest.mark.parametrize("url", ["https://host/a.git", "git@host:team/a.git", "file:///srv/a.git"])
def test_addresses_of_repositories_are_taken(database: Database, project: GeneratedProject, url: str) -> None:
    with database.exclusive(1) as connection:
        connection.execute(update(TABLES["repository_exports"]).values(repository_url=url))
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.exports.list(project.id)[0].repository_url == url


@pytest.mark.parametrize("completed_at", [NOW, None])
def test_completed_at_is_set_exactly_when_completed(
    database: Database, project: GeneratedProject, completed_at: datetime | None
) -> None:
    table = TABLES["generated_projects"]
    status = "completed" if completed_at is None else "generating"
    wrong = {"id": uuid4(), "status": status, "completed_at": completed_at, "workflow_execution_id": None}
    with pytest.raises(IntegrityError, match="completed_at"):
        _insert_copy(database, table, wrong)
    assert project.completed_at is not None


def test_a_path_is_unique_within_its_project(database: Database, project: GeneratedProject) -> None:
    table = TABLES["project_files"]
    with pytest.raises(IntegrityError):
        _insert_copy(database, table, {"id": uuid4()})
    assert project.total_files == 1


def test_an_execution_has_one_open_attempt_at_most(database: Database, project: GeneratedProject) -> None:
    table = TABLES["execution_attempts"]
    with pytest.raises(IntegrityError):
        _insert_copy(database, table, {"id": uuid4(), "fence": 2})
    assert project.workflow_execution_id is not None


@pytest.mark.parametrize(
    "statement", [delete(TABLES["audit_entries"]), update(TABLES["audit_entries"]).values(action="x")]
)
def test_the_audit_log_is_only_added_to(database: Database, project: GeneratedProject, statement: Any) -> None:
    with pytest.raises(IntegrityError, match="append-only"), database.exclusive(1) as connection:
        connection.execute(statement)
    assert project.organisation_id == DEFAULT_ORGANISATION_ID
