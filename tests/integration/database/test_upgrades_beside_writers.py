"""Upgrades of a PostgreSQL database in use: whoever writes goes on, and what was interrupted is taken up."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from repomill.errors import DatabaseUnavailable
from storage.database import schema
from storage.database.beside_writers import unfinished
from storage.database.checks import check_database
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.servers import postgresql
from tests.servers.waiting import wait_until

LEFT = ["ix_generated_projects_cold_key", "ck_calls_kind"]
"""What revisions 0011 and 0012 leave for after their transaction."""
BUILDERS = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'"
WRITE = text("UPDATE generated_projects SET cold_size = 1")


@pytest.fixture
def in_use(postgresql_server: str) -> Iterator[Database]:
    """A database of an earlier revision."""
    database = Database(postgresql.create_database(postgresql_server, f"test_{uuid4().hex}"))
    schema.upgrade(database, "0010")
    yield database
    database.close()


@contextmanager
def upgrading(database: Database) -> Iterator[Future[None]]:
    """Run an upgrade while a transaction that has written stays open; the building of the index waits for it."""
    with ThreadPoolExecutor() as pool:
        with database.engine.begin() as writer, database.bare() as look:
            writer.execute(WRITE)
            upgrade = pool.submit(schema.upgrade, database)
            wait_until(lambda: look.execute(text(f"SELECT pid {BUILDERS}")).all() or upgrade.done())
            yield upgrade
        upgrade.exception()


def left(database: Database) -> list[str]:
    with database.bare() as connection:
        return unfinished(connection)


def has_its_indexes(database: Database) -> bool:
    return next(each.is_good for each in check_database(database) if each.what == "indexes")


def test_others_write_while_an_index_is_built(in_use: Database) -> None:
    with upgrading(in_use) as upgrade:
        with in_use.bare() as other:
            other.execute(text("SET lock_timeout = '30s'"))
            other.execute(WRITE)
        assert left(in_use) == LEFT
        assert not upgrade.done()
    assert upgrade.exception() is None
    assert left(in_use) == []
    assert schema.drift(in_use) == []


def test_retention_goes_on_while_an_index_is_built(in_use: Database) -> None:
    url = in_use.engine.url.render_as_string(hide_password=False)
    impatient = Database(url, statement_timeout=timedelta(seconds=30))
    with upgrading(in_use) as upgrade:
        with impatient.transaction(DEFAULT_SCOPE) as work:
            work.retention.alone()
        assert not upgrade.done()
    impatient.close()


def test_an_index_whose_building_was_interrupted_is_built_by_the_next_upgrade(in_use: Database) -> None:
    with upgrading(in_use) as upgrade, in_use.bare() as other:
        other.execute(text(f"SELECT pg_cancel_backend(pid) {BUILDERS}"))
        assert isinstance(upgrade.exception(), DatabaseUnavailable)
    assert schema.current(in_use) == schema.HEAD
    assert left(in_use) == LEFT
    assert not has_its_indexes(in_use)
    schema.upgrade(in_use)
    assert left(in_use) == []
    assert has_its_indexes(in_use)


def test_of_two_upgrades_at_once_one_waits_for_the_index(in_use: Database) -> None:
    with ThreadPoolExecutor() as pool:
        with upgrading(in_use) as first:
            second = pool.submit(schema.upgrade, in_use)
            assert not second.done()
        assert (first.exception(), second.exception()) == (None, None)
    assert left(in_use) == []
