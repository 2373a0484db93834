"""Services on a real SQLite file and a real folder; with the marker `everywhere` also on PostgreSQL and a bucket."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from repomill.settings import Settings
from tasks.services import Services
from tests.servers.fixtures import swift_s3
from tests.servers.postgresql import create_database

__all__ = ["swift_s3"]

EMBEDDED, SERVERS = "SQLite and a folder", "PostgreSQL and a bucket"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stored_in" in metafunc.fixturenames and metafunc.definition.get_closest_marker("everywhere"):
        metafunc.parametrize("stored_in", [EMBEDDED, SERVERS], indirect=True)


@pytest.fixture
def stored_in(request: pytest.FixtureRequest) -> str:
    """Where rows and objects are; the server of the bucket checks credentials."""
    return str(getattr(request, "param", EMBEDDED))


@pytest.fixture
def settings(stored_in: str, request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """What a process has to be told to find an empty database of the newest schema, and an empty store."""
    home = tmp_path / "home"
    home.mkdir()
    if stored_in == EMBEDDED:
        shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "repomill.db")
        return {"home": home, "database_url": "", "artifacts_url": ""}
    server, template = request.getfixturevalue("postgresql_server"), request.getfixturevalue("migrated_postgresql")
    s3, name = request.getfixturevalue("swift_s3"), f"test-{uuid4().hex}"
    keys = {"minio_access_key": s3.access_key, "minio_secret_key": s3.secret_key}
    return {
        "home": home,
        "database_url": create_database(server, name, template),
        "artifacts_url": s3.url(name),
        **keys,
    }


@pytest.fixture
def services(settings: dict[str, Any]) -> Iterator[Services]:
    opened = Services.from_settings(Settings(**settings, max_file_size=1000))
    asyncio.run(opened.store.check())
    yield opened
    asyncio.run(opened.aclose())
