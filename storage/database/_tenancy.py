"""Keeps every statement of a session inside its organisation.

A filter that each query has to remember is one that some query forgets, so it is added here, to every ORM
statement (SELECT, UPDATE, DELETE) of a session, and new rows are stamped.
"""

from functools import lru_cache
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Boolean, Engine, Executable, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.database._engine import IN_HASTE
from storage.database.models import Tenant
from storage.database.scope import Scope

_NAME = "SELECT set_config('repomill.organisation_id', %s, true)"
_NAME_IN_HASTE = f"{_NAME}, set_config('synchronous_commit', 'off', true)"

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


def name_organisation(session: OrganisationSession) -> None:
    """Tell PostgreSQL for whom this transaction acts: its row-level security stands behind the filter above.

    And whether its commit waits for the disk: https://www.postgresql.org/docs/current/wal-async-commit.html
    """
    connection = session.connection()
    dialect = connection.dialect
    if dialect.name == "postgresql":
        statement = _NAME_IN_HASTE if connection.get_execution_options().get(IN_HASTE) else _NAME
        named = (str(session.scope.organisation_id),)
        driver: Any = connection.connection.driver_connection  # every transaction does this: past SQLAlchemy
        try:
            driver.execute(statement, named)
        except dialect.loaded_dbapi.Error as error:
            raise OperationalError(statement, named, error) from error


def _stamp_row(row: Tenant, organisation_id: UUID) -> None:
    stated: UUID | None = row.organisation_id  # None until it is inserted, unless somebody set it
    if stated not in {None, organisation_id}:
        raise ForeignRow(f"{type(row).__name__} {row.id} belongs to {stated}")
    row.organisation_id = organisation_id
