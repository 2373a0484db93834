"""Both databases, one after the other, with the newest schema and no rows."""

import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from storage.database import schema
from storage.database.session import Database
from tests.servers.postgresql import DURABLE, create_database, postgresql_server

Measure = Callable[[str, Path], Iterable[str]]
"""Takes the URL of a database and an empty folder, and gives lines to print as soon as each is known."""


def on_each_database(name: str, measure: Measure) -> None:
    """Print what `measure` gives on SQLite, then on PostgreSQL, each line with the database's kind before it."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        _print(measure, f"sqlite:///{folder}/{name}.db", Path(folder) / "sqlite")
        with postgresql_server(Path(folder) / "data", DURABLE) as server:
            _print(measure, create_database(server, name), Path(folder) / "postgresql")


def _print(measure: Measure, url: str, folder: Path) -> None:
    folder.mkdir()
    with closing(Database(url)) as database:
        schema.upgrade(database)
        kind = database.name.partition(":")[0]
    for line in measure(url, folder):
        print(f"{kind}: {line}")
