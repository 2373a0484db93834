"""Who follows an execution hears of new events: on PostgreSQL by a notice, elsewhere by looking."""

import asyncio
from uuid import UUID

import pytest

from storage.database import notices as module
from storage.database.notices import notices
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.stored_rows import new_execution
from tests.servers.waiting import PATIENCE


@pytest.fixture
def execution(database: Database) -> UUID:
    with database.transaction(DEFAULT_SCOPE) as work:
        return new_execution(work).id


def append(database: Database, execution: UUID) -> None:
    with database.transaction(DEFAULT_SCOPE) as work:
        work.events.append(execution, "node.started")


async def test_an_event_wakes_who_follows(database: Database, execution: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_ANYWAY", 60.0)
    async with notices(database, execution) as news:
        waiting = asyncio.create_task(news.wait())
        await asyncio.to_thread(append, database, execution)
        await asyncio.wait_for(waiting, PATIENCE)


async def test_a_connection_that_listened_is_not_handed_on(database: Database, execution: UUID) -> None:
    async with notices(database, execution):
        pass
    with database.transaction(DEFAULT_SCOPE) as work:
        assert work.executions.get(execution).id == execution


async def test_who_gives_up_waiting_is_gone_at_once(
    database: Database, execution: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_ANYWAY", 600.0)
    async with asyncio.timeout(PATIENCE):
        async with notices(database, execution) as news:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(news.wait(), 0.01)
        append(database, execution)
