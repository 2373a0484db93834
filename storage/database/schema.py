"""The schema's revision: which one a database has, which one the code needs, and the way from one to the other.

Alembic takes 0.7 s to import and is needed for upgrades only, so looking does without it.
"""

import warnings
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SAWarning

from repomill.errors import DatabaseOutdated, DatabaseUnavailable
from storage.database import beside_writers
from storage.database.locks import AdvisoryLock

if TYPE_CHECKING:
    from alembic.config import Config

    from storage.database.session import Database

HEAD = "0016"
"""The newest revision under `migrations/versions`."""

# Alembic keeps what it works on in module globals: one at a time in a process, whatever the database.
_ALEMBIC_LOCK = Lock()


def revision(connection: Connection) -> str | None:
    """Return the revision that the database says it has."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def current(database: "Database") -> str | None:
    """Return the database's revision, None when it is empty; raises `DatabaseUnavailable`."""
    return database.revision()


def check(database: "Database") -> None:
    """Raise `DatabaseOutdated` unless the database has the schema that this code needs."""
    found = current(database)
    if found != HEAD:
        raise DatabaseOutdated(database.name, found or "none", HEAD)


def upgrade(database: "Database", target: str = "head") -> None:
    """Bring the schema to `target`; whoever starts second waits and finds it done.

    Tables and columns come in one transaction, all of them or none. In a PostgreSQL database that is in use, indexes of
    large tables are built after it, beside those who write; run again, it goes on where that was interrupted.
    """
    from alembic import command

    _make_folder(database)
    found = current(database)  # tells an unreachable database from a migration that fails
    with _ALEMBIC_LOCK, database.exclusive(AdvisoryLock.UPGRADE) as connection:
        command.upgrade(_config(connection, is_in_use=found is not None and target == "head"), target)
    if target == "head":
        beside_writers.finish(database)


def downgrade(database: "Database", target: str = "base") -> None:
    """Take the schema back to `target`; the data of what is taken away is lost."""
    from alembic import command

    with _ALEMBIC_LOCK, database.exclusive(AdvisoryLock.UPGRADE) as connection:
        command.downgrade(_config(connection), target)


def drift(database: "Database") -> list[object]:
    """Return how the database differs from the models, as Alembic operations; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from storage.database.models import Base

    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", SAWarning)  # of an index that is not fully built
        options: dict[str, Any] = {"compare_type": True}
        if connection.dialect.name == "sqlite":
            options["include_object"] = _is_comparable
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def _config(connection: Connection, *, is_in_use: bool = False) -> "Config":
    from alembic.config import Config

    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # it takes as long as it takes
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes.update(connection=connection, is_in_use=is_in_use and is_postgresql)
    return config


def _is_comparable(*facts: object) -> bool:
    """Leave descending indexes out on SQLite, which does not tell that they are descending."""
    _, name, kind, *_ = facts
    return not (kind == "index" and str(name).endswith("_created_at"))


def _make_folder(database: "Database") -> None:
    if database.engine.dialect.name == "sqlite" and database.engine.url.database:
        try:
            Path(database.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailable(database.name, f"{error.filename}: {error.strerror}") from error
