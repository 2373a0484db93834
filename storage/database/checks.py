"""Whether a database is what this version needs, and set up as it should be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage.database import schema
from storage.database.beside_writers import unfinished
from storage.database.locks import AdvisoryLock

if TYPE_CHECKING:
    from storage.database.session import Database

UNPROTECTED = """
    SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname <> 'alembic_version' AND NOT relrowsecurity
"""
BYPASSES = """
    SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'executions'
    AND tableowner = current_user) FROM pg_roles WHERE rolname = current_user
"""
ENCRYPTED = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at; what is only advised has `is_advice`, and does not make a database a bad one."""

    what: str
    is_good: bool
    found: str
    is_advice: bool = False


def check_database(database: "Database") -> list[Checked]:
    """Look at everything; raises `DatabaseUnavailable`."""
    revision = schema.current(database)
    checked = [Checked("revision", revision == schema.HEAD, f"{revision or 'none'}, wanted {schema.HEAD}")]
    if revision != schema.HEAD:
        return checked
    drift = schema.drift(database)
    checked.append(Checked("schema", not drift, "as the models say" if not drift else f"{len(drift)} differences"))
    with database.exclusive(AdvisoryLock.UPGRADE) as connection:
        look = _postgresql if connection.dialect.name == "postgresql" else _sqlite
        return [*checked, *look(connection)]


def _postgresql(connection: Connection) -> Iterator[Checked]:
    left = unfinished(connection)
    yield Checked("indexes", not left, "all built" if not left else f"run `repomill db upgrade` for {', '.join(left)}")
    unprotected = connection.execute(text(UNPROTECTED)).scalar() or 0
    yield Checked("row-level security", not unprotected, f"missing on {unprotected} tables")
    bypasses = bool(connection.execute(text(BYPASSES)).scalar())
    role = "is the owner or a superuser: nothing binds it" if bypasses else "is bound by it"
    yield Checked("role", not bypasses, f"{connection.execute(text('SELECT current_user')).scalar()} {role}", True)
    version = connection.execute(text(ENCRYPTED)).scalar()
    yield Checked("encryption", version is not None, version or "the connection is not encrypted", True)
    yield Checked("server", True, str(connection.execute(text("SHOW server_version")).scalar()))


def _sqlite(connection: Connection) -> Iterator[Checked]:
    found = str(connection.execute(text("PRAGMA quick_check")).scalar())
    yield Checked("file", found == "ok", found)
    yield Checked("tables", True, str(len(inspect(connection).get_table_names())))
