"""One statement on one connection: begin, execute, fetch within bounds, and commit what was to be written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError

from repomill.calls.sending import AnswerLost
from repomill.canonical import Json
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import Statement
from repomill.errors import QueryFailed, TooManyRows
from tasks.databases.dialects import Dialect
from tasks.databases.failures import DRIVER_ERRORS, at_the_door, in_the_middle
from tasks.databases.values import column_type, plain_value

Rows = Sequence[Sequence[Any]]


@dataclass
class Execution:
    """A statement on its way, which another thread may stop."""

    engine: Engine
    dialect: Dialect
    source: DatabaseSource
    statement: Statement
    stopped: bool = False
    _driver: Any = None
    _lock: Lock = field(default_factory=Lock)

    def run(self) -> dict[str, Json]:
        """Run to the end, in a thread; raises what `Databases.run` does."""
        try:
            connection = self.engine.connect()
        except DRIVER_ERRORS as error:
            raise at_the_door(error, self.source) from error
        with connection:
            try:
                return self._transaction(connection)
            finally:
                self._let_go()

    def stop(self) -> None:
        """Stop it at the server, or before it gets there."""
        with self._lock:
            self.stopped = True
            if self._driver is not None:
                self.dialect.interrupt(self.engine, self._driver)

    def _transaction(self, connection: Connection) -> dict[str, Json]:
        try:
            prepared = self.dialect.begin(connection, self.statement)
            self._hold(connection)
            with prepared.execute(_clause(self.statement), dict(self.statement.parameters)) as result:
                answer = self._fetched(result)
        except DRIVER_ERRORS as error:
            raise in_the_middle(error, self.source, self.statement, stopped=self.stopped) from error
        if self.statement.writes:
            self._commit(connection)
        return answer

    def _hold(self, connection: Connection) -> None:
        with self._lock:
            self._driver = connection.connection.driver_connection
            if self.stopped:
                raise in_the_middle(ValueError(), self.source, self.statement, stopped=True)

    def _let_go(self) -> None:
        """The connection goes back to the pool: from now on stopping it would stop somebody else's statement."""
        with self._lock:
            self._driver = None

    def _commit(self, connection: Connection) -> None:
        self._let_go()  # a commit that is under way is not to be stopped
        try:
            connection.commit()
        except DBAPIError as error:
            failure = in_the_middle(error, self.source, self.statement, stopped=False)
            raise failure if isinstance(failure, QueryFailed) else AnswerLost(str(failure)) from error

    def _fetched(self, result: CursorResult[Any]) -> dict[str, Json]:
        if not result.returns_rows:
            return {"columns": [], "rows": [], "row_count": max(result.rowcount, 0), "truncated": False}
        names, bound = self._names(result), self.statement.max_rows
        fetched = [tuple(row) for row in islice(result, bound + 1)]
        if len(fetched) > bound:
            if result.connection.dialect.name == "mysql":
                result.connection.invalidate()  # else the driver reads all that is left, to throw it away
            if not self.statement.truncate:
                raise TooManyRows(self.source.name, bound)
        return self._answer(names, fetched[:bound], truncated=len(fetched) > bound)

    def _names(self, result: CursorResult[Any]) -> list[str]:
        names = list(result.keys())
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise QueryFailed(self.source.name, f"two columns are called {twice!r}; give one another name with AS")
        return names

    def _answer(self, names: list[str], fetched: Rows, *, truncated: bool) -> dict[str, Json]:
        convert: Callable[[Any], Json] = lambda value: plain_value(  # noqa: E731
            value, decimals_as_text=self.statement.decimals_as_text
        )
        columns: list[Json] = [
            {"name": name, "type": column_type(row[at] for row in fetched)} for at, name in enumerate(names)
        ]
        rows: list[Json] = [dict(zip(names, map(convert, row), strict=True)) for row in fetched]
        return {"columns": columns, "rows": rows, "row_count": len(rows), "truncated": truncated}


def _clause(statement: Statement) -> Any:
    lists = [name for name, value in statement.parameters.items() if isinstance(value, list)]
    return text(statement.sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
