"""Statements on SQLite, PostgreSQL and MySQL."""

from collections.abc import AsyncIterator

import pytest

from tasks.databases import SqlDatabases
from tests.servers.database_fixtures import mysql_server, postgresql_shop, shop

__all__ = ["databases", "mysql_server", "postgresql_shop", "shop"]


@pytest.fixture
async def databases() -> AsyncIterator[SqlDatabases]:
    """The databases of a run."""
    async with SqlDatabases() as opened:
        yield opened
