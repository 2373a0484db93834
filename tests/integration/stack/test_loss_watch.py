"""A look for losses asks the database only; the Prefect API hears of it when there is one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deployments.loss_watch import look
from repomill.errors import DatabaseOutdated
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.ownership import LEASE
from tests.fakes.stored_rows import new_execution
from tests.integration.stack.running_stack import Running
from tests.servers.waiting import PATIENCE


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url, threads=1)
    yield database
    database.close()


def lose_one(database: Database) -> None:
    """Record an execution whose process was heard of a lease ago."""
    silent = datetime.now(UTC) - LEASE
    with database.transaction(DEFAULT_SCOPE) as work:
        work.executions.acquire(new_execution(work).id, "elsewhere:7:1.00", uuid4(), silent, LEASE, lambda _: False)


def runs_of(api: httpx.Client, flow: str) -> list[Any]:
    found: list[Any] = api.post("/flow_runs/filter", json={"flows": {"id": {"any_": [flow]}}}).json()
    return found


def test_nothing_is_asked_of_the_api_while_nothing_is_lost(database: Database) -> None:
    with httpx.Client(base_url="http://127.0.0.1:9/nobody-listens") as api:
        assert look(database, api) == 0


def test_a_loss_starts_the_flow_that_looks_after_it(database: Database, running: Running) -> None:
    lose_one(database)
    with httpx.Client(base_url=running.stack.api_url, trust_env=False, timeout=PATIENCE) as api:
        flow = api.post("/flows/", json={"name": "recover-executions"}).json()["id"]
        api.post("/deployments/", json={"name": "recover", "flow_id": flow}).raise_for_status()
        before = {run["id"] for run in runs_of(api, flow)}
        assert look(database, api) == 1
        started = [run for run in runs_of(api, flow) if run["id"] not in before]
    assert [run["state"]["type"] for run in started] == ["SCHEDULED"]


def test_an_api_that_is_away_is_an_error_once_something_is_lost(database: Database) -> None:
    lose_one(database)
    with httpx.Client(base_url="http://127.0.0.1:9") as api, pytest.raises(httpx.ConnectError):
        look(database, api)


def test_a_database_without_tables_is_told_apart_from_one_without_losses(database_url: str) -> None:
    database = Database(database_url, threads=1)
    with httpx.Client() as api, pytest.raises(DatabaseOutdated):
        look(database, api)
    database.close()
