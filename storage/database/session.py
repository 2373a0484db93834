"""The database: connections, transactions, and the unit of work that repositories live in."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from repomill.errors import DatabaseUnavailable
from storage.database import schema
from storage.database._engine import IN_HASTE, READ_ONLY, STATEMENT_TIMEOUT, database_url, make_engine
from storage.database._tenancy import OrganisationSession, begin
from storage.database.changes import Listener, kept
from storage.database.models.base import utc_now
from storage.database.repositories._many import Opening
from storage.database.scope import Scope
from storage.database.work import Work

T = TypeVar("T")

Clock = Callable[[], datetime]
Failures = tuple[type[SQLAlchemyError], ...]

DEADLOCK = "40P01"
BROKEN_OFF = ("08", "57P")
"""PostgreSQL's codes, and how those begin of connections that failed and servers that stop:
https://www.postgresql.org/docs/current/errcodes-appendix.html"""

TRY_AGAIN = 0.5
"""Seconds between two looks whether a database that went away is back."""


class Database:
    """One database; opened when the process starts, closed when it ends, shared by its threads.

    `url` is a SQLAlchemy URL of SQLite or PostgreSQL, `threads` bounds how much `run` does at once, and
    `statement_timeout` (PostgreSQL) how long one statement may take. Nothing connects before the first transaction.
    `patience` is how long `run` waits for a database that was there and went away, once for each outage.
    """

    def __init__(
        self,
        url: str,
        *,
        threads: int = 8,
        statement_timeout: timedelta = STATEMENT_TIMEOUT,
        patience: timedelta = timedelta(0),
        clock: Clock = utc_now,
    ) -> None:
        parsed = database_url(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.engine = make_engine(parsed, connections=threads, statement_timeout=statement_timeout)
        self._reading_engine = self.engine.execution_options(**{READ_ONLY: True})
        self._hasty_engine = self.engine.execution_options(**{IN_HASTE: True})
        self.clock = clock
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._is_checked = False
        self._patience = patience.total_seconds()
        self._away_since: float | None = None
        self.listeners: list[Listener] = []
        """Told of changes of status after the commit."""

    @contextmanager
    def transaction(
        self, scope: Scope, *, read_only: bool = False, durable: bool = True, opening: Opening | None = None
    ) -> Iterator[Work]:
        """Give a unit of work; it is committed at the end of the block, and rolled back by any error.

        Rows that repositories returned stay usable afterwards. `read_only` transactions do not wait for writers. One
        that need not be `durable` is committed before it is on the disk: of the last of them a power cut, or a crash
        of PostgreSQL's server, may leave nothing. It is on the disk with the next durable one. What became of its
        `opening` says `Work.found`.

        Raises:
            DatabaseUnavailable: it cannot be reached, or went away in the middle.
            DatabaseOutdated: its schema is not the one this code needs.
        """
        self._check_once()
        writing_engine = self.engine if durable else self._hasty_engine
        engine = self._reading_engine if read_only else writing_engine
        with self._translated(), OrganisationSession(engine, scope) as session:
            with session.begin():
                yield Work(session, scope, self.clock, begin(session, opening))
            changes = kept(session)
        if changes:
            for listener in self.listeners:
                listener(changes)

    async def run(
        self,
        scope: Scope,
        function: Callable[[Work], T],
        *,
        read_only: bool = False,
        durable: bool = True,
        opening: Opening | None = None,
    ) -> T:
        """Call `function` with a unit of work in a thread; for callers in an event loop.

        A cancelled caller does not undo it: what was begun is committed. Where the connection cannot be opened, or
        broke while nobody used it, it is tried again within the patience: nothing was done. One that PostgreSQL undid,
        for it and another waited for each other, is done again. Raises as `transaction`.
        """
        has_begun = False

        def transact() -> T:
            nonlocal has_begun
            with self.transaction(scope, read_only=read_only, durable=durable, opening=opening) as work:
                has_begun = True
                return function(work)

        while True:
            try:
                done = await asyncio.get_running_loop().run_in_executor(self._executor, transact)
            except DatabaseUnavailable as error:
                if _sqlstate(error) == DEADLOCK:
                    has_begun = False
                    await asyncio.sleep(random.random() * TRY_AGAIN)  # noqa: S311  # else the two may meet again
                    continue
                if has_begun or was_undone(error) or not self._may_come_back():
                    raise
                await asyncio.sleep(TRY_AGAIN)
            else:
                self._away_since = None
                return done

    def _may_come_back(self) -> bool:
        now = time.monotonic()
        self._away_since = self._away_since or now
        return self._is_checked and now - self._away_since < self._patience

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._executor.shutdown()
        self.engine.dispose()

    def revision(self) -> str | None:
        """Return the schema's revision, None for a database without one; raises `DatabaseUnavailable`."""
        with self._translated((DBAPIError, PoolTimeout)), self._reading_engine.connect() as connection:
            return schema.revision(connection)

    @contextmanager
    def exclusive(self, lock: int) -> Iterator[Connection]:
        """Give a bare connection in one transaction that nobody else with the same lock is in."""
        with self._translated(), self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE is such a lock
                connection.execute(select(func.pg_advisory_xact_lock(lock)))
            yield connection

    @contextmanager
    def bare(self) -> Iterator[Connection]:
        """Give a connection without transactions; it is closed at the end, with what was set and locked in it."""
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").detach()
            yield connection

    def _check_once(self) -> None:
        if not self._is_checked:
            schema.check(self)
            self._is_checked = True

    @contextmanager
    def _translated(self, unreachable: Failures = (OperationalError, InterfaceError, PoolTimeout)) -> Iterator[None]:
        try:
            yield
        except unreachable as error:
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise DatabaseUnavailable(self.name, reason) from error


def was_undone(error: DatabaseUnavailable) -> bool:
    """Tell whether the server said that it undid the transaction; one that broke off may have been committed."""
    code = _sqlstate(error)
    return code is not None and not code.startswith(BROKEN_OFF)


def _sqlstate(error: DatabaseUnavailable) -> str | None:
    cause = error.__cause__
    return getattr(cause.orig, "sqlstate", None) if isinstance(cause, DBAPIError) else None
