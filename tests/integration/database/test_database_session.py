import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import get_ident
from uuid import uuid4

import pytest
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import InternalError, StatementError

from repomill.errors import DatabaseUnavailable, SettingInvalid
from storage.database.models import Event, Project
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE, DEFAULT_USER_ID
from storage.database.session import Database
from storage.database.work import Work
from tests.fakes.stored_rows import NOW, new_execution

UNREACHABLE = "postgresql://somebody:secret@127.0.0.1:1/none"


class Mishap(Exception):
    pass


def test_a_transaction_commits_at_its_end(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("one")
    with database.transaction(DEFAULT_SCOPE) as work:
        assert [project.name for project in work.projects.list()] == ["one"]


def _create_and_fail(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("one")
        raise Mishap


def test_an_error_rolls_everything_back(database: Database) -> None:
    with pytest.raises(Mishap):
        _create_and_fail(database)
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.projects.list() == []


def _how_a_commit_is_kept(work: Work) -> str:
    connection = work.projects._session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    return str(connection.scalar(text("PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit")))


def test_a_commit_waits_for_the_disk_unless_told_not_to(migrated_url: str) -> None:
    """By the words of PostgreSQL and by the numbers of SQLite: 2 is FULL, 1 is NORMAL."""
    url = make_url(migrated_url)
    if url.drivername != "sqlite":  # the tests' server waits for no disk
        url = url.update_query_dict({"options": "-c synchronous_commit=on"})
    one_connection = Database(url.render_as_string(hide_password=False), threads=1)
    kept = []
    for durable in (True, False, False, True):
        with one_connection.transaction(DEFAULT_SCOPE, durable=durable) as work:
            kept.append(_how_a_commit_is_kept(work))
    one_connection.close()
    assert kept in (["on", "off", "off", "on"], ["2", "1", "1", "2"])


def test_rows_can_be_read_after_the_transaction(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work)
    assert execution.inputs == {"topic": "tea"}
    assert execution.created_at.tzinfo is UTC


async def test_run_works_in_another_thread(database: Database) -> None:
    assert await database.run(DEFAULT_SCOPE, lambda _: get_ident()) != get_ident()


async def test_run_commits_what_the_function_did(database: Database) -> None:
    await database.run(DEFAULT_SCOPE, lambda work: work.projects.get_or_create("one"))
    projects = await database.run(DEFAULT_SCOPE, lambda work: work.projects.list(), read_only=True)
    assert [project.name for project in projects] == ["one"]


async def test_two_hundred_coroutines_write_at_once(database: Database) -> None:
    async def create(number: int) -> None:
        await database.run(DEFAULT_SCOPE, lambda work: work.projects.get_or_create(f"project {number}"))

    await asyncio.gather(*(create(number) for number in range(200)))
    assert len(await database.run(DEFAULT_SCOPE, lambda work: work.projects.list())) == 200


def test_a_read_only_transaction_refuses_to_write(database: Database) -> None:
    refusals = (DatabaseUnavailable, InternalError)  # SQLite's is one that might also be a disk's
    with pytest.raises(refusals, match="read"), database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        work.projects.get_or_create("one")


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE) as writer:
        writer.projects.get_or_create("one")
        with database.transaction(DEFAULT_SCOPE, read_only=True) as reader:
            assert reader.projects.list() == []


def test_writing_is_possible_again_after_a_read_only_transaction(database: Database) -> None:
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        work.projects.list()
    with database.transaction(DEFAULT_SCOPE) as work:
        work.projects.get_or_create("one")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database(UNREACHABLE)
    with pytest.raises(DatabaseUnavailable) as caught, database.transaction(DEFAULT_SCOPE):
        pass
    database.close()
    assert "secret" not in f"{caught.value} {caught.value.facts()} {database.name}"
    assert "127.0.0.1" in str(caught.value)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("this is no database at all " * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        database.revision()
    database.close()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/none/test.db")
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        database.revision()
    database.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingInvalid):
        Database(url)


def test_a_refused_url_is_not_printed_with_its_password() -> None:
    with pytest.raises(SettingInvalid) as caught:
        Database("mysql://somebody:secret@host/name")
    assert "secret" not in str(caught.value.facts())


def test_a_plain_postgresql_url_means_psycopg(postgresql_server: str) -> None:
    database = Database(postgresql_server.replace("postgresql+psycopg", "postgresql"))
    with database.engine.connect() as connection:
        assert connection.dialect.driver == "psycopg"
    database.close()


def test_a_statement_that_takes_too_long_is_stopped(postgresql_server: str) -> None:
    database = Database(postgresql_server, statement_timeout=timedelta(milliseconds=50))
    with pytest.raises(DatabaseUnavailable, match="statement timeout"), database.exclusive(1) as connection:
        connection.execute(text("SELECT pg_sleep(20)"))
    database.close()


def test_a_naive_datetime_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 21, 12, 0)  # noqa: DTZ001  # what is tested
    with pytest.raises(StatementError, match="has no time zone"), database.engine.connect() as connection:
        connection.execute(select(Project).where(Project.created_at == naive))


def test_an_instant_comes_back_in_utc(database: Database) -> None:
    at = datetime(2026, 11, 21, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    row = {"name": "one", "description": "", "created_by": DEFAULT_USER_ID, "organisation_id": DEFAULT_ORGANISATION_ID}
    with database.engine.begin() as connection:
        connection.execute(insert(Project).values(id=uuid4(), created_at=at, updated_at=at, **row))
        stored = connection.execute(select(Project.created_at)).scalar_one()
    assert stored == NOW
    assert stored.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("nul \x00", "nul \ufffd"),
        ("half \ud83d", "half \ufffd"),
        ("\\u0000 spelt out", "\\u0000 spelt out"),
        ("\\\x00", "\\\ufffd"),
        ("whole \U0001f600", "whole \U0001f600"),
    ],
)
def test_text_of_models_is_stored_whatever_it_holds(database: Database, written: str, kept: str) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        execution = new_execution(work)
        work.events.append(execution.id, "token", payload={"text": written})
        execution.recordings = written
    with database.transaction(DEFAULT_SCOPE) as work:
        event: Event = work.events.after(execution.id)[0]
        assert event.payload == {"text": kept}
        assert work.executions.get(execution.id).recordings == kept
