"""Engines: what each database needs to be told before it is used."""

import json
import re
import sqlite3
import time
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from repomill.errors import SettingInvalid
from storage.database.models.types import storable_text

BUSY_TIMEOUT = timedelta(seconds=30)
CONNECT_TIMEOUT = timedelta(seconds=10)
STATEMENT_TIMEOUT = timedelta(seconds=60)
"""How long one statement may take; the longest that Repomill itself makes is far below it."""
IDLE_TIMEOUT = timedelta(seconds=60)

READ_ONLY = "postgresql_readonly"
"""SQLAlchemy's execution option for PostgreSQL, heeded for SQLite here."""
IN_HASTE = "repomill_in_haste"
"""Execution option of transactions that do not wait for the disk."""
_SAID = "pragmas of the last transaction"

AT_REST = timedelta(seconds=1)
"""A connection that nobody used for so long is asked whether it lives before it is used again."""
_SINCE = "at rest since"

# A server that went away without a word is noticed after a minute (libpq's names; in seconds, and how often).
KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

# An escaped NUL, preceded by an even number of backslashes: PostgreSQL's jsonb refuses it.
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def database_url(text: str) -> URL:
    """Parse a URL and choose the driver: `postgresql://` means psycopg 3.

    Raises:
        SettingInvalid: not a URL, or neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise SettingInvalid("REPOMILL_DATABASE_URL", "…", "it is not a URL") from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"postgresql+psycopg", "sqlite"}:
        raise SettingInvalid("REPOMILL_DATABASE_URL", str(url), "only sqlite:/// and postgresql:// are known")
    if url.drivername == "sqlite" and url.database in {None, "", ":memory:"}:
        raise SettingInvalid("REPOMILL_DATABASE_URL", str(url), "SQLite needs a file, workers share it")
    return url


def make_engine(url: URL, *, connections: int, statement_timeout: timedelta) -> Engine:
    """Return an engine whose pool holds `connections`, and as many more for a while."""
    common: dict[str, Any] = {
        "pool_size": connections,
        "max_overflow": connections,
        "pool_timeout": BUSY_TIMEOUT.total_seconds(),
        "json_serializer": to_json,
    }
    if url.drivername == "sqlite":
        return _sqlite_engine(url, common)
    arguments: dict[str, Any] = {name: value for name, value in KEEPALIVES.items() if name not in url.query}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = int(CONNECT_TIMEOUT.total_seconds())
    arguments["options"] = _options(url, statement_timeout)
    engine = create_engine(url, connect_args=arguments, **common)
    event.listen(engine, "checkin", _rests)
    event.listen(engine, "checkout", partial(_ask_whether_it_lives, engine))
    return engine


def _rests(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_SINCE] = time.monotonic()


def _ask_whether_it_lives(engine: Engine, connection: Any, record: ConnectionPoolEntry, fairy: object) -> None:
    """Replace connections that broke while nobody used them; one that was used just now need not be asked.

    SQLAlchemy's own `pool_pre_ping` asks before every transaction, which takes as long as a statement.
    """
    if time.monotonic() - record.info.get(_SINCE, time.monotonic()) < AT_REST.total_seconds():
        return
    dialect = engine.dialect
    try:
        lives = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        if not dialect.is_disconnect(error, connection, None):
            raise
        lives = False
    if not lives:
        raise InvalidatePoolError


def _options(url: URL, statement_timeout: timedelta) -> str:
    """Return what each session starts with; what the URL itself says comes last, and holds.

    A machine that went away within a transaction must not keep its locks: who takes its work over waits for them.
    """
    bounds = {"statement_timeout": statement_timeout, "idle_in_transaction_session_timeout": IDLE_TIMEOUT}
    ours = [f"-c {name}={int(bound.total_seconds() * 1000)}" for name, bound in bounds.items()]
    given = url.query.get("options", ())
    return " ".join([*ours, *([given] if isinstance(given, str) else given)])


def to_json(value: object) -> str:
    """Serialise for a JSON column; what PostgreSQL cannot hold becomes U+FFFD, NaN is refused with `ValueError`."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return storable_text(_ESCAPED_NUL.sub(r"\1" + "\ufffd", text))


def _sqlite_engine(url: URL, common: dict[str, Any]) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT.total_seconds()}, **common)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # no BEGIN of the driver's own; see `_begin_sqlite`
    for pragma in ("journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer is answered "database is locked" without waiting.

    How well a commit is kept is said before: https://www.sqlite.org/pragma.html#pragma_synchronous
    """
    options, said = connection.get_execution_options(), connection.info.setdefault(_SAID, {})
    is_reading = options.get(READ_ONLY, False)
    wanted = {"query_only": "ON" if is_reading else "OFF", "synchronous": "NORMAL" if options.get(IN_HASTE) else "FULL"}
    for pragma, value in wanted.items():
        if said.get(pragma) != value:
            connection.exec_driver_sql(f"PRAGMA {pragma} = {value}")
            said[pragma] = value
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
