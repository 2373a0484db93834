"""Statements on the three databases: what comes back, what is refused, what is stopped."""

import asyncio
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from repomill.calls.sending import AnswerLost, TryAgain
from repomill.databases.source import DatabaseSource
from repomill.errors import DatabaseRefused, QueryFailed, QueryTimeout, TooManyRows, WriteRefused
from tasks.databases import SqlDatabases, dialects, pool
from tasks.databases.dialects import parsed
from tests.fakes.statements import answer, rows, statement
from tests.servers.processes import free_ports
from tests.servers.waiting import wait_until

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e9) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT sleep(60)",
}

WRITES = (
    "INSERT INTO teas (id) VALUES (9)",
    "UPDATE teas SET name = 'x'",
    "DELETE FROM teas",
    "DROP TABLE teas",
    "CREATE TABLE more (id INTEGER)",
)


def dialect(source: DatabaseSource) -> str:
    return make_url(source.url.get_secret_value()).get_backend_name()


async def names(databases: SqlDatabases, shop: DatabaseSource) -> list[str]:
    return [row["name"] for row in await rows(databases, shop, "SELECT name FROM teas ORDER BY id")]


async def test_rows_come_as_objects_with_the_types_of_their_columns(
    databases: SqlDatabases, shop: DatabaseSource
) -> None:
    got = await answer(databases, shop, "SELECT id, name FROM teas WHERE id < :most", parameters={"most": 3})
    assert got["rows"] == [{"id": 1, "name": "Assam"}, {"id": 2, "name": "Bancha"}]
    assert got["columns"] == [{"name": "id", "type": "integer"}, {"name": "name", "type": "text"}]
    assert (got["row_count"], got["truncated"]) == (2, False)


async def test_decimals_are_numbers_or_text(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "SELECT price FROM teas WHERE id = 1"
    assert await rows(databases, shop, sql) == [{"price": 4.5}]
    if dialect(shop) != "sqlite":  # which has no decimals
        assert await rows(databases, shop, sql, decimals_as_text=True) == [{"price": "4.50"}]


async def test_dates_come_as_text(databases: SqlDatabases, shop: DatabaseSource) -> None:
    assert await rows(databases, shop, "SELECT picked FROM teas WHERE id < 3 ORDER BY id") == [
        {"picked": "2026-05-01"},
        {"picked": None},
    ]


async def test_a_list_fills_the_parentheses_of_in(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "SELECT id FROM teas WHERE id IN :ids ORDER BY id"
    assert await rows(databases, shop, sql, parameters={"ids": [1, 3, 77]}) == [{"id": 1}, {"id": 3}]
    assert await rows(databases, shop, sql, parameters={"ids": []}) == []


async def test_percent_signs_and_quoted_colons_are_left_alone(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "SELECT name, '100% 12:30 \\:x' AS said FROM teas WHERE name LIKE '%ss%'"
    assert await rows(databases, shop, sql) == [{"name": "Assam", "said": "100% 12:30 :x"}]


async def test_too_many_rows_are_an_error_or_cut_off(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "SELECT id FROM teas ORDER BY id"
    with pytest.raises(TooManyRows):
        await answer(databases, shop, sql, max_rows=2)
    got = await answer(databases, shop, sql, max_rows=2, truncate=True)
    assert (got["rows"], got["truncated"]) == ([{"id": 1}, {"id": 2}], True)
    assert not (await answer(databases, shop, sql, max_rows=3))["truncated"]


@pytest.mark.parametrize("sql", WRITES)
async def test_the_database_refuses_to_write_while_it_reads(
    databases: SqlDatabases, shop: DatabaseSource, sql: str
) -> None:
    with pytest.raises(WriteRefused) as refusal:
        await answer(databases, shop, sql)
    assert "mode: write" in refusal.value.advice()
    assert await names(databases, shop) == ["Assam", "Bancha", "Ceylon"]


async def test_a_write_is_committed(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "UPDATE teas SET name = :name WHERE id > 1"
    got = await answer(databases, shop, sql, parameters={"name": "Dragon's Well"}, writes=True)
    assert (got["row_count"], got["rows"]) == (2, [])
    assert await names(databases, shop) == ["Assam", "Dragon's Well", "Dragon's Well"]


async def test_a_write_that_fails_changes_nothing(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "INSERT INTO teas (id, name) SELECT 10, 'new' UNION ALL SELECT 1, 'twice'"
    with pytest.raises(QueryFailed):
        await answer(databases, shop, sql, writes=True)
    assert await names(databases, shop) == ["Assam", "Bancha", "Ceylon"]


@pytest.mark.parametrize("writes", [False, True])
async def test_a_slow_statement_is_stopped(databases: SqlDatabases, shop: DatabaseSource, writes: bool) -> None:
    with pytest.raises(QueryTimeout):
        await answer(databases, shop, SLOW[dialect(shop)], timeout=0.3, writes=writes)
    assert len(await names(databases, shop)) == 3


async def test_a_write_that_is_still_being_committed_when_its_time_is_over_is_in_doubt(
    databases: SqlDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LAST_WAIT", 0.2)
    monkeypatch.setattr(dialects, "BUSY_TIMEOUT", 60.0)
    source = DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{tmp_path}/shop.db"))
    with sqlite3.connect(tmp_path / "shop.db", isolation_level=None) as reader:
        reader.execute("CREATE TABLE teas (id INTEGER)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM teas").fetchall()  # a commit waits until nobody reads
        with pytest.raises(AnswerLost):
            await answer(databases, source, "INSERT INTO teas VALUES (1)", writes=True, timeout=1)
        reader.execute("COMMIT")
        wait_until(lambda: reader.execute("SELECT count(*) FROM teas").fetchone() == (1,))


def test_a_statement_that_is_stopped_just_before_it_begins_does_not_run(tmp_path: Path) -> None:
    """Servers have bounds of their own; SQLite has none, and would run to the end."""
    sqlite3.connect(tmp_path / "shop.db").close()
    url, sqlite = parsed(source := DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{tmp_path}/shop.db")))
    engine = sqlite.engine(url, source, writes=False, pool={})
    with engine.connect() as connection:
        sqlite.interrupt(engine, connection.connection.driver_connection)
        with pytest.raises(OperationalError, match="interrupted"):
            connection.exec_driver_sql(SLOW["sqlite"].replace("1e9", "1e6"))


async def test_a_cancelled_node_stops_its_statement(databases: SqlDatabases, shop: DatabaseSource) -> None:
    running = asyncio.create_task(databases.run(shop, statement(SLOW[dialect(shop)], timeout=60)))
    done, _ = await asyncio.wait({running}, timeout=0.3)
    assert not done
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 50)
    assert len(await names(databases, shop)) == 3


async def test_many_statements_run_at_once(databases: SqlDatabases, shop: DatabaseSource) -> None:
    sql = "SELECT id FROM teas WHERE id = :id"
    got = await asyncio.gather(*(rows(databases, shop, sql, parameters={"id": at % 3 + 1}) for at in range(40)))
    assert got == [[{"id": at % 3 + 1}] for at in range(40)]


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELEC id FROM teas", {}),
        ("SELECT nothing FROM teas", {}),
        ("SELECT id, name AS id FROM teas", {}),
        ("SELECT id FROM teas WHERE name = :name", {"name": "\ud800"}),
        ("SELECT id FROM teas; DROP TABLE teas", {}),
        ("SELECT 1; SELECT 2", {}),
    ],
)
async def test_what_the_database_does_not_take(
    databases: SqlDatabases, shop: DatabaseSource, sql: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(QueryFailed):
        await rows(databases, shop, sql, parameters=parameters)
    assert len(await names(databases, shop)) == 3


async def test_two_statements_are_refused_also_when_they_write(databases: SqlDatabases, shop: DatabaseSource) -> None:
    for sql in ("INSERT INTO teas (id) VALUES (8); DROP TABLE teas", "DELETE FROM teas; SELECT 1"):
        with pytest.raises(QueryFailed):
            await answer(databases, shop, sql, writes=True)
    assert len(await names(databases, shop)) == 3


async def test_a_wrong_password_is_told_apart_and_never_shown(databases: SqlDatabases, mysql_server: str) -> None:
    url = make_url(mysql_server).set(password="hidden-4711").render_as_string(hide_password=False)
    source = DatabaseSource(name="shop", url=SecretStr(url), password=SecretStr("hidden-4711"))
    with pytest.raises(DatabaseRefused) as refusal:
        await answer(databases, source, "SELECT 1")
    assert "hidden-4711" not in str(refusal.value) + repr(refusal.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
async def test_a_server_that_is_away_may_come_back(databases: SqlDatabases, scheme: str) -> None:
    url = SecretStr(f"{scheme}://tea:hidden-4711@127.0.0.1:{free_ports(1)[0]}/shop")
    source = DatabaseSource(name="shop", url=url, password=SecretStr("hidden-4711"))
    with pytest.raises(TryAgain) as away:
        await answer(databases, source, "SELECT 1")
    assert "hidden-4711" not in str(away.value.reason)


@pytest.mark.parametrize("url", ["no url", "oracle://h/x", "sqlite://", "sqlite:///:memory:"])
async def test_a_source_that_no_database_is_behind(databases: SqlDatabases, url: str) -> None:
    with pytest.raises(DatabaseRefused):
        await answer(databases, DatabaseSource(name="shop", url=SecretStr(url)), "SELECT 1")


@pytest.mark.parametrize("writes", [False, True])
async def test_sqlite_never_makes_a_file(databases: SqlDatabases, tmp_path: Path, writes: bool) -> None:
    source = DatabaseSource(name="shop", url=SecretStr(f"sqlite:///{tmp_path}/none.db"))
    with pytest.raises(DatabaseRefused):
        await answer(databases, source, "SELECT 1", writes=writes)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # of no interest to the event loop


async def test_a_locked_file_may_be_free_later(databases: SqlDatabases, shop: DatabaseSource) -> None:
    if dialect(shop) != "sqlite":
        pytest.skip("the other databases lock rows")
    with sqlite3.connect(str(make_url(shop.url.get_secret_value()).database), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TryAgain):
            await databases.run(shop, replace(statement("DELETE FROM teas"), writes=True))
        other.execute("ROLLBACK")
