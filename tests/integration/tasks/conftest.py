"""Services on both pairs: SQLite and a folder, and PostgreSQL and a bucket whose server checks credentials.

Whatever takes `services` or `settings` runs on both. On the second pair a test with parameters runs with one set of
them alone, unless it is marked `everywhere`: parameters are kinds of hosts, moments to die and the like, which
database and store know nothing of. So the second pair takes less than five minutes of one processor; it took nine.
`embedded_only("reason")` marks what one pair alone can show; a test over all tests holds that there is a reason.
"""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from repomill.settings import Settings
from storage.database.session import Database
from tasks.services import Services
from tests.fakes.aged_projects import SetClock
from tests.servers.fixtures import swift_s3
from tests.servers.postgresql import create_database

__all__ = ["swift_s3"]

EMBEDDED, SERVERS = "SQLite and a folder", "PostgreSQL and a bucket"
PAIR = "stored_in"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if PAIR in metafunc.fixturenames:
        pairs = [EMBEDDED] if metafunc.definition.get_closest_marker("embedded_only") else [EMBEDDED, SERVERS]
        metafunc.parametrize(PAIR, pairs, indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave each test on the second pair once, the same one in every process and order."""
    there = sorted(filter(_is_on_servers, items), key=lambda item: item.nodeid)
    first: dict[str, pytest.Item] = {}
    dropped = {item for item in there if first.setdefault(_name(item), item) is not item}
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=list(dropped))


def _is_on_servers(item: pytest.Item) -> bool:
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return parameters.get(PAIR) == SERVERS and not item.get_closest_marker("everywhere")


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


@pytest.fixture
def stored_in(request: pytest.FixtureRequest) -> str:
    """Where rows and objects are; the server of the bucket checks credentials."""
    return str(request.param)


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


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def dated_services(settings: dict[str, Any], clock: SetClock) -> Iterator[Services]:
    """Services whose rows are dated by `clock`, for files of any size."""
    told = Settings(**settings)
    opened = Services.from_settings(told)
    asyncio.run(opened.store.check())
    opened.database.close()
    dated = replace(opened, database=Database(told.effective_database_url(), clock=clock))
    yield dated
    asyncio.run(dated.aclose())
