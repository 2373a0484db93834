"""What integration tests share: real servers, started once per test process and only when a test asks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

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
