"""The tables in Python, the copies in the migration and the triggers in the database say the same."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Table, select, update
from sqlalchemy.exc import IntegrityError

from repomill.calls.budget import Limits
from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallState
from repomill.errors import IllegalTransition
from storage.database.migrations.revision_0001 import transitions as frozen
from storage.database.models import Base, ExportType, RepositoryExport
from storage.database.repositories.budgets import RunBudget
from storage.database.repositories.exports import NewExport
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import AT_ONCE, TRANSITIONS, ExecutionStatus, check_transition
from storage.database.work import Work
from tests.fakes.stored_rows import NOW, completed_project, fake_digest, new_execution, running_execution

TABLES = {
    "execution": ("executions", "status"),
    "node execution": ("node_executions", "status"),
    "generated project": ("generated_projects", "status"),
    "repository export": ("repository_exports", "status"),
    "export step": ("export_steps", "state"),
    "call": ("calls", "state"),
}
DATED = {"completed", "archived", "deleted"}


def _node(work: Work) -> UUID:
    lease = running_execution(work)
    work.nodes.plan(lease, {"plan": "llm"})
    return work.nodes.list(lease.execution_id)[0].id


def _export(work: Work) -> RepositoryExport:
    project = completed_project(work)
    return work.exports.begin(NewExport(project.id, ExportType.ZIP, fake_digest(), fake_digest()))


def _call(work: Work) -> UUID:
    execution = new_execution(work)
    run = RunBudget(execution.id, execution.project_id, Limits())
    request = CallRequest(CallKey("plan", 1, fake_digest()), CallKind.MODEL, "main", "m", {})
    return work.calls.reserve(run, execution.id, request, "key").id


MAKERS: dict[str, Callable[[Work], UUID]] = {
    "execution": lambda work: new_execution(work).id,
    "node execution": _node,
    "generated project": lambda work: completed_project(work).id,
    "repository export": lambda work: _export(work).id,
    "export step": lambda work: work.exports.step_started(_export(work).id, "push").id,
    "call": _call,
}


@pytest.mark.parametrize("entity", TABLES)
def test_the_database_lets_pass_exactly_what_the_table_lists(database: Database, entity: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        row_id = MAKERS[entity](work)
    name, column = TABLES[entity]
    with database.exclusive(1) as connection:
        passed = {
            pair for pair in _pairs(entity) if _passes(connection, Base.metadata.tables[name], column, row_id, pair)
        }
    listed = {(before, after) for before, ends in TRANSITIONS[entity].items() for after in ends}
    listed |= AT_ONCE.get(entity, frozenset())
    assert passed == listed | {(status, status) for status in TRANSITIONS[entity]}


def _pairs(entity: str) -> Iterator[tuple[StrEnum, StrEnum]]:
    table = TRANSITIONS[entity]
    return ((before, after) for before in table for after in table)


def _passes(connection: Connection, table: Table, column: str, row_id: UUID, pair: tuple[StrEnum, StrEnum]) -> bool:
    before, after = pair
    copy = _insert_copy(connection, table, row_id, _status(table, column, before))
    try:
        with connection.begin_nested():
            connection.execute(update(table).where(table.c.id == copy).values(_status(table, column, after)))
    except IntegrityError as error:
        assert "illegal transition" in str(error)  # noqa: PT017  # it is caught to be counted
        return False
    return True


def _status(table: Table, column: str, status: StrEnum) -> dict[str, Any]:
    dates = {"completed_at": NOW if status.value in DATED else None} if table.name == "generated_projects" else {}
    return {column: status, **dates}


def _insert_copy(connection: Connection, table: Table, row_id: UUID, status: dict[str, Any]) -> UUID:
    """Insert the row again in another status, under another key wherever it has to be unique."""
    original = connection.execute(select(table).where(table.c.id == row_id)).one()._asdict()
    copy = uuid4()
    unique = {"id": copy, "node_path": str(copy), "name": str(copy), "workflow_execution_id": None}
    changes = {name: value for name, value in unique.items() if name in table.c}
    connection.execute(table.insert().values(original | changes | status))
    return copy


def test_the_migrations_hold_the_tables_of_today() -> None:
    today = {
        TABLES[entity]: {before.value: _after(entity, before, ends) for before, ends in table.items()}
        for entity, table in TRANSITIONS.items()
    }
    since = import_module("storage.database.migrations.versions.0015_answered_after_all").SINCE
    assert today == frozen.TRANSITIONS | {("calls", "state"): since}


def _after(entity: str, before: StrEnum, ends: frozenset[StrEnum]) -> list[str]:
    at_once = {second for first, second in AT_ONCE.get(entity, ()) if first is before}
    return sorted(after.value for after in ends | at_once)


@pytest.mark.parametrize("entity", TABLES)
def test_an_unknown_status_is_refused(database: Database, entity: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        row_id = MAKERS[entity](work)
    name, column = TABLES[entity]
    with pytest.raises(IntegrityError), database.exclusive(1) as connection:
        connection.exec_driver_sql(f"UPDATE {name} SET {column} = 'nonsense' WHERE id = '{_plain(database, row_id)}'")


def _plain(database: Database, row_id: UUID) -> str:
    return row_id.hex if database.engine.dialect.name == "sqlite" else str(row_id)


def test_a_change_that_is_not_listed_is_illegal() -> None:
    with pytest.raises(IllegalTransition) as caught:
        check_transition("execution", ExecutionStatus.COMPLETED, ExecutionStatus.RUNNING)
    assert caught.value.facts() == {"entity": "execution", "before": "completed", "after": "running"}


def test_staying_is_not_a_transition() -> None:
    with pytest.raises(IllegalTransition):
        check_transition("call", CallState.SENT, CallState.SENT)


@pytest.mark.parametrize("status", [ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.SUSPENDED])
def test_an_execution_that_did_not_complete_can_be_resumed(status: ExecutionStatus) -> None:
    check_transition("execution", status, ExecutionStatus.RUNNING)
