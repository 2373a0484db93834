"""Both databases, one after the other, new and empty."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.servers.postgresql import create_database, postgresql_server


def on_each_database(name: str, measure: Callable[[str, Path], None]) -> None:
    """Call `measure` with the URL of an empty database and a folder that is yet to be made: SQLite, then PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        measure(f"sqlite:///{folder}/{name}.db", Path(folder) / "sqlite")
        with postgresql_server(Path(folder) / "data") as server:
            measure(create_database(server, name), Path(folder) / "postgresql")
