"""What must be there before anything runs: the database's schema."""

from repomill.errors import DatabaseOutdated
from storage.database import schema
from storage.database.session import Database


def prepare_database(database: Database) -> None:
    """Make the schema in an empty database, and bring the embedded one up to date.

    A server that others may use is never migrated on the quiet.

    Raises:
        DatabaseOutdated: it has another revision; `repomill db upgrade` is the way.
        DatabaseUnavailable: it cannot be reached.
    """
    is_embedded = database.engine.dialect.name == "sqlite"
    found = None if is_embedded and not _exists(database) else schema.current(database)
    if found == schema.HEAD:
        return
    if found is not None and not is_embedded:
        raise DatabaseOutdated(database.name, found, schema.HEAD)
    schema.upgrade(database)


def _exists(database: Database) -> bool:
    from pathlib import Path

    return Path(database.engine.url.database or "").is_file()
