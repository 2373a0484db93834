"""Statements with what they leave out filled in."""

from typing import Any

from repomill.calls.sending import Answered
from repomill.databases.port import Databases
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement

DEFAULTS: dict[str, Any] = {
    "parameters": {},
    "writes": False,
    "max_rows": 100,
    "truncate": False,
    "decimals_as_text": False,
    "timeout": 20.0,
}


def statement(sql: str, **given: Any) -> Statement:
    """Return a statement that reads, unless told otherwise."""
    return Statement(sql=sql, **{**DEFAULTS, **given})


async def answer(databases: Databases, source: DatabaseSource, sql: str, **given: Any) -> Any:
    """Run a statement and return what it answered."""
    answered: Answered = await databases.run(source, statement(sql, **given))
    return answered.response


async def rows(databases: Databases, source: DatabaseSource, sql: str, **given: Any) -> Any:
    """Run a statement and return its rows."""
    return (await answer(databases, source, sql, **given))["rows"]
