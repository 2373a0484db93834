"""A PostgreSQL that restarts is waited for; one that stays away is not, and nobody waits for it twice."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import column, event, func, select, text

from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallState
from repomill.errors import DatabaseUnavailable
from storage.artifacts.memory import MemoryStore
from storage.database import schema
from storage.database.ledger import SqlCallLedger
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import TRY_AGAIN, Database
from storage.database.work import Work
from tests.fakes.stored_rows import running_execution
from tests.servers import postgresql

LONG = timedelta(minutes=1)
SHORT = timedelta(seconds=1.5 * TRY_AGAIN)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, str]]:
    """The folder of a server that only these tests stop, and the URL of a database there."""
    with tempfile.TemporaryDirectory(prefix="rm-") as name:
        folder = Path(name).resolve() / "pg"
        with postgresql.postgresql_server(folder) as url:
            database = Database(url)
            schema.upgrade(database)
            database.close()
            yield folder, url


def users(work: Work) -> int:
    return len(work.users.list())


async def test_what_comes_while_it_restarts_is_done_afterwards(server: tuple[Path, str]) -> None:
    folder, url = server
    database = Database(url, patience=LONG)
    before = await database.run(DEFAULT_SCOPE, users)
    with postgresql.stopped(folder):
        asked = [asyncio.create_task(database.run(DEFAULT_SCOPE, users)) for _ in range(3)]
        done, _ = await asyncio.wait(asked, timeout=3 * TRY_AGAIN)
        assert not done
    assert await asyncio.gather(*asked) == [before] * 3
    database.close()


async def test_an_outage_beyond_the_patience_is_said_and_waited_for_once(server: tuple[Path, str]) -> None:
    folder, url = server
    database = Database(url, patience=SHORT)
    await database.run(DEFAULT_SCOPE, users)
    looks: list[int] = []
    event.listen(database.engine, "do_connect", lambda *_: looks.append(1))
    with postgresql.stopped(folder):
        for waited_before in (False, True):
            before = len(looks)
            with pytest.raises(DatabaseUnavailable):
                await database.run(DEFAULT_SCOPE, users)
            assert (len(looks) - before == 1) is waited_before
    assert await database.run(DEFAULT_SCOPE, users) > 0
    database.close()


async def test_a_database_that_was_never_there_is_said_at_once(tmp_path: Path) -> None:
    database = Database("postgresql://nobody@127.0.0.1:9/none", patience=LONG)
    with pytest.raises(DatabaseUnavailable):
        await asyncio.wait_for(database.run(DEFAULT_SCOPE, users), LONG.total_seconds() / 2)
    database.close()


async def test_what_had_begun_when_it_went_away_is_not_done_twice(server: tuple[Path, str]) -> None:
    folder, url = server
    database = Database(url, patience=LONG)
    begun: list[int] = []

    def cut_off(work: Work) -> int:
        begun.append(users(work))
        with postgresql.stopped(folder):
            return users(work)

    with pytest.raises(DatabaseUnavailable):
        await database.run(DEFAULT_SCOPE, cut_off)
    assert len(begun) == 1
    database.close()


async def test_two_that_wait_for_each_other_are_both_done(server: tuple[Path, str]) -> None:
    database = Database(server[1])
    both_hold_one, begun = threading.Barrier(2), list[int]()

    def locks(first: int, second: int) -> Callable[[Work], int]:
        def work_on(work: Work) -> int:
            begun.append(first)
            connection = work.users._session.connection()
            connection.execute(select(func.pg_advisory_xact_lock(first)))
            if len(begun) <= both_hold_one.parties:
                both_hold_one.wait(20)
            connection.execute(select(func.pg_advisory_xact_lock(second)))
            return second

        return work_on

    both = (database.run(DEFAULT_SCOPE, locks(71, 72)), database.run(DEFAULT_SCOPE, locks(72, 71)))
    assert list(await asyncio.gather(*both)) == [72, 71]
    assert len(begun) == 3
    database.close()


async def test_connections_that_the_server_ended_are_replaced(server: tuple[Path, str]) -> None:
    """They were used just now, so none is asked beforehand whether it lives."""
    impatient, patient = Database(server[1]), Database(server[1], patience=LONG)
    for database in (impatient, patient):
        await database.run(DEFAULT_SCOPE, users)
    with closing(Database(server[1])) as third, third.bare() as other, closing(other.connection):
        pids = select(func.pg_terminate_backend(column("pid"))).select_from(text("pg_stat_activity"))
        other.execute(pids.where(text("datname = current_database() AND pid <> pg_backend_pid()")))
    with pytest.raises(DatabaseUnavailable, match=r"terminating connection|closed the connection|connection is"):
        await impatient.run(DEFAULT_SCOPE, users)
    assert await impatient.run(DEFAULT_SCOPE, users) == await patient.run(DEFAULT_SCOPE, users)
    for database in (impatient, patient):
        database.close()


async def test_who_waits_too_long_for_the_lock_that_opens_a_transaction_is_told(server: tuple[Path, str]) -> None:
    """The server answered: that is no outage, however often others get through meanwhile."""
    hasty = Database(server[1], statement_timeout=timedelta(seconds=0.2), patience=3 * SHORT)
    other, looking = Database(server[1]), asyncio.Event()
    lease = await other.run(DEFAULT_SCOPE, running_execution)
    ledger = SqlCallLedger(hasty, MemoryStore(), DEFAULT_SCOPE, lease, lease.execution_id)
    call = CallRequest(CallKey("node", 1, "0" * 64), CallKind.HTTP, "main", "", {})

    async def get_through() -> None:
        while not looking.is_set():
            await hasty.run(DEFAULT_SCOPE, users)
            await asyncio.sleep(TRY_AGAIN / 5)

    beside = asyncio.create_task(get_through())
    with other.transaction(DEFAULT_SCOPE) as work:
        work.executions.guard(lease)
        async with asyncio.timeout(10):
            with pytest.raises(DatabaseUnavailable, match="statement timeout"):
                await ledger.reserve(call)
    assert (await ledger.reserve(call)).state is CallState.RESERVED
    looking.set()
    await beside
    for database in (hasty, other):
        database.close()
