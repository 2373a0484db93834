"""Fixtures over the databases that workflows query; a conftest imports the ones it offers."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine

from repomill.databases.source import DatabaseSource
from tests.servers import postgresql
from tests.servers.mariadb import PASSWORD, find_mariadb, mariadb_server

TABLES = (
    "DROP TABLE IF EXISTS teas",
    "DROP TABLE IF EXISTS more",
    "CREATE TABLE teas (id INTEGER PRIMARY KEY, name VARCHAR(2000), price NUMERIC(10, 2), picked DATE)",
    "INSERT INTO teas VALUES (1, 'Assam', 4.50, '2026-05-01'), (2, 'Bancha', 3.25, NULL), (3, 'Ceylon', NULL, NULL)",
)


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[str]:
    """URL of a real MariaDB server."""
    program = find_mariadb()
    if program is None:
        pytest.skip("no MariaDB server: `make .mariadb/.ready` unpacks Debian's")
    # A socket's path is at most 107 bytes long.
    with tempfile.TemporaryDirectory(prefix="my-") as folder, mariadb_server(program, Path(folder)) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_shop(postgresql_server: str) -> str:
    """URL of a database on PostgreSQL."""
    return postgresql.create_database(postgresql_server, "shop")


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseSource:
    """A database with one small table; every test that takes it runs on all three."""
    url, password = _place(request, tmp_path)
    engine = create_engine(url.replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    engine.dispose()
    return DatabaseSource(name="shop", url=SecretStr(url), password=password)


def _place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, SecretStr | None]:
    if request.param == "sqlite":
        sqlite3.connect(tmp_path / "shop.db").close()
        return f"sqlite:///{tmp_path}/shop.db", None
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_shop"), None
    return request.getfixturevalue("mysql_server"), SecretStr(PASSWORD)
