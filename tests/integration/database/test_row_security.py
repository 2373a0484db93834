"""PostgreSQL itself keeps organisations apart: a role that is not the owner, and has nothing but SQL, sees its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import ProgrammingError

from repomill.calls.budget import Limits, Period
from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallRow, CallState, Usage
from storage.artifacts.memory import MemoryStore
from storage.database.ledger import SqlCallLedger
from storage.database.scope import DEFAULT_ORGANISATION_ID, DEFAULT_SCOPE, Scope
from storage.database.session import Database
from tests.fakes.stored_rows import NOW, add_organisation, completed_project, fake_digest, running_execution
from tests.servers import postgresql

ROLE = "application"
OTHER = Scope(uuid4(), uuid4())
NAME = text("SELECT set_config('repomill.organisation_id', :organisation, true)")


@pytest.fixture
def url(postgresql_server: str, migrated_postgresql: str) -> str:
    """A database with a project of the default organisation, and a second organisation that has none."""
    url = postgresql.create_database(postgresql_server, f"test_{uuid4().hex}", migrated_postgresql)
    owner = Database(url)
    with owner.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
    with owner.exclusive(1) as connection:
        add_organisation(connection, OTHER, "eve")
        _add_role(connection)
    owner.close()
    return url


@pytest.fixture
def sql(url: str) -> Iterator[Engine]:
    """Whatever a role that is no owner may say."""
    engine = create_engine(url, connect_args={"options": f"-c role={ROLE}"})
    yield engine
    engine.dispose()


def _add_role(connection: Connection) -> None:
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": ROLE}).scalar()
    if not known:
        connection.execute(text(f"CREATE ROLE {ROLE} NOLOGIN"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}"))


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() or 0)


def test_without_an_organisation_nothing_is_seen(sql: Engine) -> None:
    with sql.connect() as connection:
        assert [_count(connection, table) for table in ("project_files", "users", "organisations")] == [0, 0, 0]


def test_ones_own_rows_are_seen_and_no_others(sql: Engine) -> None:
    with sql.begin() as connection:
        connection.execute(NAME, {"organisation": str(DEFAULT_ORGANISATION_ID)})
        assert [_count(connection, table) for table in ("project_files", "users", "organisations")] == [1, 1, 1]
    with sql.begin() as connection:
        connection.execute(NAME, {"organisation": str(OTHER.organisation_id)})
        assert [_count(connection, table) for table in ("project_files", "users", "organisations")] == [0, 1, 1]


def test_functions_see_what_their_caller_sees(sql: Engine) -> None:
    with sql.connect() as connection:
        functions = "SELECT proname, prosecdef FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        found = dict(connection.execute(text(functions)).tuples().all())
    assert {"begin_call", "end_call"} <= found.keys()
    assert not any(found.values())


async def test_who_is_no_owner_makes_calls(url: str) -> None:
    database = Database(f"{url}&options=-c%20role%3D{ROLE}")
    with database.transaction(DEFAULT_SCOPE) as work:
        lease = running_execution(work)
        work.budgets.define(None, Period.TOTAL, Limits(calls=2))
    ledger = SqlCallLedger(database, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    rows = list[CallRow]()
    for number in (1, 2):
        key = CallKey("plan", number, fake_digest())
        assert await ledger.find(key) is None
        rows.append(await ledger.reserve_and_send(CallRequest(key, CallKind.HTTP, "main", "", {}, Usage(1, 1))))
        rows.append(await ledger.record_and_settle(key, {}, Usage(1, 1), latency_ms=1))
    database.close()
    assert [row.state for row in rows] == [CallState.SENT, CallState.SETTLED] * 2


def test_others_rows_can_neither_be_changed_nor_deleted(sql: Engine) -> None:
    with sql.begin() as connection:
        connection.execute(NAME, {"organisation": str(OTHER.organisation_id)})
        assert connection.execute(text("UPDATE projects SET description = 'stolen'")).rowcount == 0
        assert connection.execute(text("DELETE FROM project_files")).rowcount == 0


def test_rows_cannot_be_given_to_others(sql: Engine) -> None:
    row = {"id": uuid4(), "mine": DEFAULT_ORGANISATION_ID, "now": NOW}
    with sql.connect() as connection, connection.begin():
        connection.execute(NAME, {"organisation": str(OTHER.organisation_id)})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(
                text("INSERT INTO users (id, organisation_id, name, created_at) VALUES (:id, :mine, 'spy', :now)"), row
            )


def test_the_name_of_an_organisation_ends_with_its_transaction(sql: Engine) -> None:
    with sql.connect() as connection:
        with connection.begin():
            connection.execute(NAME, {"organisation": str(DEFAULT_ORGANISATION_ID)})
            assert _count(connection, "users") == 1
        with connection.begin():
            assert _count(connection, "users") == 0


def test_the_application_works_as_such_a_role(url: str) -> None:
    database = Database(f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{ROLE}")
    with database.transaction(DEFAULT_SCOPE) as work:
        completed_project(work)
        assert len(work.generated_projects.list()) == 2
    with database.transaction(OTHER) as work:
        assert work.generated_projects.list() == []
        assert [user.name for user, _ in work.users.list()] == ["eve"]
    database.close()


def test_every_table_has_the_policy(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        query = "SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relrowsecurity"
        protected = set(connection.execute(text(query)).scalars())
        assert set(inspect(connection).get_table_names()) - protected == {"alembic_version"}
    engine.dispose()
