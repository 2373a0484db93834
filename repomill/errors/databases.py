"""Errors of SQL on the databases of a workflow."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, UserActionRequired


@dataclass(eq=False)
class DatabaseRefused(UserActionRequired):
    """A database answered, and let nobody in: a wrong user, password, database or file."""

    source: str
    reason: str
    code: ClassVar[str] = "database_refused"
    message: ClassVar[str] = "The database of source {source} refused the connection: {reason}"
    hint: ClassVar[str] = "Check host, database, user and password of the source's block."


@dataclass(eq=False)
class QueryFailed(BadInput):
    """A database refused a statement or one of its values; nothing was changed."""

    source: str
    reason: str
    code: ClassVar[str] = "query_failed"
    message: ClassVar[str] = "The database of source {source} refused the statement: {reason}"
    hint: ClassVar[str] = "A node runs one statement; values go into `parameters`, as `:name` in `sql`."


@dataclass(eq=False)
class WriteRefused(BadInput):
    """A statement writes, and its node only reads; nothing was changed."""

    source: str
    reason: str
    code: ClassVar[str] = "write_refused"
    message: ClassVar[str] = "The database of source {source} refused to write in a transaction that reads: {reason}"
    hint: ClassVar[str] = "Say `mode: write` in the node's configuration if it is to write."


@dataclass(eq=False)
class QueryTimeout(Fatal):
    """A statement was stopped after its `timeout`; nothing was changed. `seconds` is that bound."""

    source: str
    seconds: float
    code: ClassVar[str] = "query_timeout"
    message: ClassVar[str] = "The database of source {source} took longer than {seconds} s; the statement was stopped."
    hint: ClassVar[str] = "Make the query cheaper, or raise the `timeout` of the node's configuration."


@dataclass(eq=False)
class TooManyRows(BadInput):
    """A statement gave more rows than its node takes; `bound` is that number."""

    source: str
    bound: int
    code: ClassVar[str] = "too_many_rows"
    message: ClassVar[str] = "The statement on source {source} gave more than {bound} rows."
    hint: ClassVar[str] = "Narrow the query, raise `max_rows`, or say `on_more_rows: truncate` to take the first ones."
