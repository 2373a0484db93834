"""Values that attack: stored, found again as they were, and nothing else happens, on each database."""

from contextlib import suppress

import pytest

from repomill.databases.source import DatabaseSource
from repomill.errors import QueryFailed
from tasks.databases import SqlDatabases
from tests.fakes.statements import answer, rows

HOSTILE = (
    "'; DROP TABLE teas; --",
    '"; DROP TABLE teas; --',
    "' OR '1'='1",
    "' OR 1=1 --",
    "' OR 1=1 #",
    "' OR 1=1 /*",
    "x' UNION SELECT 1, 'a', 2, NULL --",
    "x'); DELETE FROM teas; --",
    "\\'; DROP TABLE teas; --",
    "\\\\'; DROP TABLE teas; --",
    "\\",
    "'",
    "''",
    '"',
    "`; DROP TABLE teas; `",
    "$$; DROP TABLE teas; $$",
    "$1",
    "?",
    "%s %(name)s %",
    ":name :value",
    "{0} {name}",
    "{{ inputs.name }}",
    "/*! DROP TABLE teas */",
    "-- \n; DROP TABLE teas",
    "; SHUTDOWN; --",
    "'||(SELECT 'x')||'",
    "' AND sleep(60) AND '",
    "'; SELECT pg_sleep(60); --",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "\u02bc OR 1=1 --",
    "\uff07 OR 1=1 --",
    "¿'; DROP TABLE teas; --",
    "\x1a\b\r\n\t'",
    "NULL",
    "☕' OR '☕",
)


async def test_hostile_values_are_only_values(databases: SqlDatabases, shop: DatabaseSource) -> None:
    for at, value in enumerate(HOSTILE, 100):
        by_name = "SELECT id, name FROM teas WHERE name = :name"
        assert await rows(databases, shop, by_name, parameters={"name": value}) == []
        insert = "INSERT INTO teas (id, name) VALUES (:id, :name)"
        await answer(databases, shop, insert, parameters={"id": at, "name": value}, writes=True)
        assert await rows(databases, shop, by_name, parameters={"name": value}) == [{"id": at, "name": value}]
        within = "SELECT id FROM teas WHERE name IN :names"
        assert await rows(databases, shop, within, parameters={"names": [value, "none"]}) == [{"id": at}]
    assert await rows(databases, shop, "SELECT count(*) AS n FROM teas") == [{"n": 3 + len(HOSTILE)}]


TRICKS = (
    "SELECT 1; DROP TABLE teas",
    "SELECT 1;DROP TABLE teas;",
    "SELECT 1; -- x\nDROP TABLE teas",
    "SELECT 1 /* ; */; DROP TABLE teas",
    "SELECT '\\'; DROP TABLE teas; -- '",
    "SELECT 1; COMMIT",
    "COMMIT; DROP TABLE teas",
)


@pytest.mark.parametrize("writes", [False, True])
async def test_a_second_statement_never_runs(databases: SqlDatabases, shop: DatabaseSource, writes: bool) -> None:
    for sql in TRICKS:
        # What a backslash does in quotes differs: where this is one statement, it is one that only reads.
        with suppress(QueryFailed):
            await answer(databases, shop, sql, writes=writes)
        assert await rows(databases, shop, "SELECT count(*) AS n FROM teas") == [{"n": 3}]
