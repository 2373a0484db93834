"""Keeps every statement of a session inside its organisation.

A filter that each query has to remember is one that some query forgets, so it is added here, to every ORM
statement (SELECT, UPDATE, DELETE) of a session, and new rows are stamped.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg import ClientCursor, Error
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy import Boolean, Dialect, Engine, Executable, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.database._engine import IN_HASTE, READ_ONLY
from storage.database.models import Tenant
from storage.database.repositories._many import ChangeHere, OfHere, Opened, Opening
from storage.database.scope import Scope

_BEGIN, _BEGIN_READING = "BEGIN", "BEGIN READ ONLY"
_NAME = "SET LOCAL repomill.organisation_id"
_IN_HASTE = "SET LOCAL synchronous_commit = off"

_RESTRICTED: WeakKeyDictionary[Executable, dict[UUID, Executable]] = WeakKeyDictionary()


class ForeignRow(Exception):  # a programming error, so outside the catalogue
    """A row of another organisation was about to be written."""


class OrganisationSession(Session):
    """A session that sees and writes rows of its scope's organisation only."""

    def __init__(self, engine: Engine, scope: Scope) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.scope = scope


@event.listens_for(OrganisationSession, "do_orm_execute")
def _restrict(state: ORMExecuteState) -> None:
    if state.is_select or state.is_update or state.is_delete:
        state.statement = _restricted(state.statement, _organisation_of(state.session))


@event.listens_for(OrganisationSession, "before_flush")
def _stamp(session: Session, context: UOWTransaction, instances: object) -> None:
    for row in session.new:
        if isinstance(row, Tenant):
            _stamp_row(row, _organisation_of(session))


def _organisation_of(session: Session) -> UUID:
    return cast(OrganisationSession, session).scope.organisation_id


def _restricted(statement: Executable, organisation_id: UUID) -> Executable:
    """Return the statement with the filter; of one that a module keeps, what was returned before.

    SQLAlchemy then need not work its cache key out again, which takes longer than SQLite needs to answer.
    """
    by_organisation = _RESTRICTED.setdefault(statement, {})
    if organisation_id not in by_organisation:
        by_organisation[organisation_id] = statement.options(_is_of(organisation_id))
    return by_organisation[organisation_id]


@lru_cache
def _is_of(organisation_id: UUID) -> ExecutableOption:
    return with_loader_criteria(
        Tenant, lambda row: _Likely(row.organisation_id == organisation_id), include_aliases=True
    )


class _Likely(FunctionElement[bool]):
    """A condition that most rows meet: SQLite counts none, and would look for them all by the organisation's index.

    PostgreSQL counts its rows. SQLite's word for it: https://www.sqlite.org/lang_corefunc.html#likely
    """

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # else it is compared with 1, and no index of the comparison inside is seen


@compiles(_Likely)
def _as_it_is(element: _Likely, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(_Likely, "sqlite")
def _as_likely(element: _Likely, compiler: SQLCompiler, **how: Any) -> str:
    return f"likely({compiler.process(element.clauses, **how)})"


def begin(session: OrganisationSession, opening: Opening | None = None) -> Opened | None:
    """Begin a transaction, and tell PostgreSQL for whom it acts: its row-level security stands behind the filter above.

    And whether its commit waits for the disk: https://www.postgresql.org/docs/current/wal-async-commit.html
    All of that, and what opens it, is one request past SQLAlchemy, since every transaction makes it.

    Returns:
        What became of the opening; None where it was not sent, as to SQLite.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return None
    options, here = connection.get_execution_options(), session.scope.organisation_id
    driver: Any = connection.connection.driver_connection
    statements = [_BEGIN_READING if options.get(READ_ONLY) else _BEGIN, f"{_NAME} = '{here}'"]
    if options.get(IN_HASTE):
        statements.append(_IN_HASTE)
    if opening is not None:
        named = {**opening.named, "here": here}
        text, processors = _compiled(opening.statement, connection.dialect)
        values = {name: processors[name](value) if name in processors else value for name, value in named.items()}
        statements.append(ClientCursor(driver).mogrify(text, values))
    request, encoding = "; ".join(statements), driver.info.encoding
    try:
        result = driver.pgconn.exec_(request.encode(encoding))
        if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
            raise error_from_result(result, encoding)
    except Error as error:
        if error.sqlstate is None:  # the connection broke
            raise OperationalError(request, None, error) from error
        raise cast(DBAPIError, DBAPIError.instance(request, None, error, Error)) from error
    return Opened(opening, result.get_value(0, 0) if result.ntuples else None) if opening is not None else None


@lru_cache
def _compiled(statement: OfHere | ChangeHere, dialect: Dialect) -> tuple[str, Mapping[str, Callable[[Any], Any]]]:
    """Return a statement as the driver takes it, and what becomes of its values first, by their types."""
    compiled: Any = statement.compile(dialect=dialect)
    found = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    return str(compiled), {name: process for name, process in found.items() if process is not None}


def _stamp_row(row: Tenant, organisation_id: UUID) -> None:
    stated: UUID | None = row.organisation_id  # None until it is inserted, unless somebody set it
    if stated not in {None, organisation_id}:
        raise ForeignRow(f"{type(row).__name__} {row.id} belongs to {stated}")
    row.organisation_id = organisation_id
