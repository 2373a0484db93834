"""What integration tests share: real servers, started once per test process and only when a test asks."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from storage.database import schema
from storage.database.session import Database
from tests.servers import postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a real PostgreSQL server."""
    with (
        tempfile.TemporaryDirectory(prefix="pg-") as folder,
        postgresql.postgresql_server(Path(folder) / "data") as url,
    ):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database; every test that takes it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return postgresql.create_database(request.getfixturevalue("postgresql_server"), f"test_{uuid4().hex}")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "migrated.db"
    _upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """Name of a database with the newest schema, to copy."""
    _upgrade(postgresql.create_database(postgresql_server, "migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database with the newest schema; as `database_url`, but copied, which is faster than upgrading."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "test.db")
        return f"sqlite:///{tmp_path}/test.db"
    template = request.getfixturevalue("migrated_postgresql")
    return postgresql.create_database(request.getfixturevalue("postgresql_server"), f"test_{uuid4().hex}", template)


def _upgrade(url: str) -> None:
    database = Database(url, threads=1)
    schema.upgrade(database)
    database.close()
