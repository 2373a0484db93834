"""What each database needs to be told: how to connect, to only read, to stop in time, and to stop now."""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement, first_word
from repomill.errors import DatabaseRefused

CONNECT_TIMEOUT: Final = 10
"""Seconds to wait for a connection."""

BUSY_TIMEOUT: Final = 2.0
"""Seconds SQLite waits for another writer."""

STEPS: Final = 100_000
"""Steps of SQLite's machine, a few milliseconds, after which a statement sees that it is stopped."""

Options = Mapping[str, Any]


class Dialect(Protocol):
    """One kind of database."""

    driver: str

    def engine(self, url: URL, source: DatabaseSource, *, writes: bool, pool: Options) -> Engine:
        """Return an engine whose connections may only do what they are for."""

    def begin(self, connection: Connection, statement: Statement) -> Connection:
        """Begin the transaction of a statement, read-only and bounded in time at the server."""

    def interrupt(self, engine: Engine, driver: Any) -> None:
        """Stop what a connection of the driver is running; called from another thread."""


class PostgreSQL:
    """Psycopg 3."""

    driver = "postgresql+psycopg"

    def engine(self, url: URL, source: DatabaseSource, *, writes: bool, pool: Options) -> Engine:
        """Return an engine that prepares every statement: PostgreSQL refuses to prepare more than one at a time."""
        arguments = {"connect_timeout": CONNECT_TIMEOUT, "application_name": "repomill", **source.connect_args}
        arguments |= {"prepare_threshold": 0}
        return create_engine(url, connect_args=arguments, **pool)

    def begin(self, connection: Connection, statement: Statement) -> Connection:
        """Bound the transaction; a query streams, so that no more rows than wanted come over the wire."""
        if not statement.writes:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(statement.timeout * 1000)}")
        streams = not statement.writes and first_word(statement.sql) in {"select", "with", "values", "table"}
        return connection.execution_options(stream_results=streams)

    def interrupt(self, engine: Engine, driver: Any) -> None:
        """Ask the server to cancel."""
        driver.cancel()


class MySQL:
    """PyMySQL, for MySQL and MariaDB. It never sends more than one statement at a time, and no local files."""

    driver = "mysql+pymysql"

    def engine(self, url: URL, source: DatabaseSource, *, writes: bool, pool: Options) -> Engine:
        """Return an engine over connections in UTF-8: values are escaped by the driver, in that character set."""
        arguments = {"connect_timeout": CONNECT_TIMEOUT, **source.connect_args}
        arguments |= {"charset": "utf8mb4", "local_infile": False, "client_flag": 0}
        return create_engine(url, connect_args=arguments, **pool)

    def begin(self, connection: Connection, statement: Statement) -> Connection:
        """Set the session's mode too, so that nothing outside the transaction writes either."""
        mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        bound = f"max_statement_time = {statement.timeout}" if mariadb else f"max_execution_time = {_ms(statement)}"
        mode = "READ WRITE" if statement.writes else "READ ONLY"
        connection.exec_driver_sql(f"SET SESSION {bound}")
        connection.exec_driver_sql(f"SET SESSION TRANSACTION {mode}")
        connection.exec_driver_sql(f"START TRANSACTION {mode}")
        return connection.execution_options(stream_results=True)

    def interrupt(self, engine: Engine, driver: Any) -> None:
        """Kill the query, not the connection, through another one."""
        with suppress(SQLAlchemyError), engine.connect() as connection:
            connection.exec_driver_sql(f"KILL QUERY {int(driver.thread_id())}")


class SQLite:
    """The standard library's driver, which refuses more than one statement at a time."""

    driver = "sqlite"

    def engine(self, url: URL, source: DatabaseSource, *, writes: bool, pool: Options) -> Engine:
        """Return an engine over a file that exists; it is opened read-only unless it is to be written."""
        if url.database in {None, "", ":memory:"}:
            raise DatabaseRefused(source.name, "SQLite needs a file; what is in memory ends with each connection")
        file = f"file:{_quoted(str(url.database))}?mode={'rw' if writes else 'ro'}"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(file, uri=True, timeout=BUSY_TIMEOUT, check_same_thread=False, factory=_Stoppable)

        engine = create_engine("sqlite://", creator=connect, **{"poolclass": NullPool} | _without_size(pool))
        event.listen(engine, "connect", _own_transactions)
        return engine

    def begin(self, connection: Connection, statement: Statement) -> Connection:
        """Begin; a writer takes the lock at once."""
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if statement.writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if statement.writes else "BEGIN")
        return connection

    def interrupt(self, engine: Engine, driver: Any) -> None:
        """Stop the statement."""
        driver.stop()


class _Stoppable(sqlite3.Connection):
    """A connection that can also be stopped just before its statement begins, when an interrupt is lost."""

    is_stopped = False

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.set_progress_handler(lambda: self.is_stopped, STEPS)

    def stop(self) -> None:
        """Stop what runs, and whatever is begun from now on."""
        self.is_stopped = True
        self.interrupt()


_DIALECTS: Final[Mapping[str, Dialect]] = {
    "postgresql": PostgreSQL(),
    "postgres": PostgreSQL(),
    "mysql": MySQL(),
    "mariadb": MySQL(),
    "sqlite": SQLite(),
}


def parsed(source: DatabaseSource) -> tuple[URL, Dialect]:
    """Return a source's URL, with the driver we have, and its dialect.

    Raises:
        DatabaseRefused: it is no URL, or of a database that is not known.
    """
    try:
        url = make_url(source.url.get_secret_value())
    except ArgumentError as error:
        raise DatabaseRefused(source.name, "its block does not hold a SQLAlchemy URL") from error
    dialect = _DIALECTS.get(url.drivername.partition("+")[0])
    if dialect is None:
        known = "postgresql, mysql and sqlite"
        raise DatabaseRefused(source.name, f"{url.drivername!r} is not known; there are {known}")
    return url.set(drivername=dialect.driver), dialect


def _ms(statement: Statement) -> int:
    return int(statement.timeout * 1000)


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _without_size(pool: Options) -> dict[str, Any]:
    return {name: value for name, value in pool.items() if name == "hide_parameters"}


def _own_transactions(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin writing transactions of its own
