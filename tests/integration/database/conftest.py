"""Databases on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from storage.database.session import Database
from tests.fakes.stored_rows import TickingClock


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """Without any schema."""
    database = Database(database_url, clock=TickingClock())
    yield database
    database.close()


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """With the newest schema."""
    database = Database(migrated_url, clock=TickingClock())
    yield database
    database.close()
