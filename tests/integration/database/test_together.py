"""What many callers want of the database at once is few transactions, and none of them feels the others."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select

from repomill.calls.queues import QueueLimits
from repomill.errors import ArtifactStoreUnavailable, DatabaseUnavailable, OwnershipLost, ProjectNotFound
from storage.database import together
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.together import Together
from storage.database.work import Work
from tests.servers import postgresql

CALLERS = 2 * together.MOST


def opening(name: str) -> Callable[[Work], str]:
    return lambda work: work.projects.get_or_create(name).name


def names(database: Database) -> set[str]:
    with database.transaction(DEFAULT_SCOPE, read_only=True) as work:
        return {project.name for project in work.projects.list()}


@contextmanager
def commits(database: Database) -> Iterator[list[int]]:
    """Count the transactions that are committed in the block."""
    seen: list[int] = []

    def note(connection: object) -> None:
        seen.append(1)

    event.listen(database.engine, "commit", note)
    yield seen
    event.remove(database.engine, "commit", note)


async def test_who_comes_while_another_is_at_work_shares_the_next_transaction(database: Database) -> None:
    joined = Together(database, DEFAULT_SCOPE)
    with commits(database) as seen:
        opened = await asyncio.gather(*(joined.run(opening(f"p{number}")) for number in range(1 + CALLERS)))
    assert opened == [f"p{number}" for number in range(1 + CALLERS)]
    assert names(database) >= set(opened)
    assert len(seen) == 1 + CALLERS / together.MOST


async def test_what_one_raises_is_its_own_and_the_others_are_kept(database: Database) -> None:
    def spoil(work: Work) -> str:
        work.projects.get_or_create("spoiled")
        return work.projects.by_name("nowhere").name

    joined = Together(database, DEFAULT_SCOPE)
    given = [opening("a"), opening("b"), spoil, opening("c"), spoil]
    ended = await asyncio.gather(*(joined.run(function) for function in given), return_exceptions=True)
    assert [ended[0], ended[1], ended[3]] == ["a", "b", "c"]
    assert isinstance(ended[2], ProjectNotFound)
    assert isinstance(ended[4], ProjectNotFound)
    assert {"a", "b", "c"} <= names(database)
    assert "spoiled" not in names(database)


async def test_what_was_cancelled_before_it_began_is_not_done(database: Database) -> None:
    may_go_on = threading.Event()
    joined = Together(database, DEFAULT_SCOPE)
    first = asyncio.create_task(joined.run(lambda work: may_go_on.wait()))
    waiting = [asyncio.create_task(joined.run(opening(name))) for name in ("kept", "cancelled")]
    await asyncio.sleep(0)
    waiting[1].cancel()
    may_go_on.set()
    ended = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert ended[:2] == [True, "kept"]
    assert isinstance(ended[2], asyncio.CancelledError)
    assert {"kept", "cancelled"} & names(database) == {"kept"}


async def test_who_was_cancelled_at_work_leaves_the_others_to_go_on(database: Database) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()

    def work_long(work: Work) -> None:
        has_begun.set()
        may_go_on.wait()
        work.projects.get_or_create("begun")

    joined = Together(database, DEFAULT_SCOPE)
    first = asyncio.create_task(joined.run(work_long))
    second = asyncio.create_task(joined.run(opening("second")))
    await asyncio.to_thread(has_begun.wait)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    may_go_on.set()
    assert await second == "second"
    assert await joined.run(opening("third")) == "third"
    assert {"second", "third"} <= names(database)


async def test_what_goes_on_beside_ends_before_the_commit(database: Database) -> None:
    joined, beside = Together(database, DEFAULT_SCOPE), Future[None]()
    running = asyncio.create_task(joined.run(opening("beside"), [beside]))
    await asyncio.sleep(0.1)
    before = running.done(), names(database)
    beside.set_result(None)
    assert await running == "beside"
    assert not before[0]
    assert "beside" not in before[1]
    assert "beside" in names(database)


async def test_what_goes_on_beside_for_too_long_lets_the_locks_go(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "BESIDE", timedelta(seconds=0.1))
    joined = Together(database, DEFAULT_SCOPE)
    with pytest.raises(ArtifactStoreUnavailable, match="not stored within"):
        await joined.run(opening("beside"), [Future[None]()])
    assert "beside" not in names(database)
    assert await joined.run(opening("after")) == "after"


async def test_what_fails_beside_one_is_its_own_failure(database: Database) -> None:
    joined, failed = Together(database, DEFAULT_SCOPE), Future[None]()
    failed.set_exception(ArtifactStoreUnavailable("here", "it is full"))
    first = joined.run(opening("first"))
    spoiled, kept = joined.run(opening("spoiled"), [failed]), joined.run(opening("kept"))
    ended = await asyncio.gather(first, spoiled, kept, return_exceptions=True)
    assert [ended[0], ended[2]] == ["first", "kept"]
    assert isinstance(ended[1], ArtifactStoreUnavailable)
    assert {"first", "spoiled", "kept"} & names(database) == {"first", "kept"}


async def test_what_opens_the_transaction_fails_it_for_all(database: Database) -> None:
    def refuse(work: Work) -> None:
        raise OwnershipLost("it")

    joined = Together(database, DEFAULT_SCOPE, refuse)
    with commits(database) as seen:
        ended = await asyncio.gather(*(joined.run(opening("late")) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in ended] == [OwnershipLost] * 5
    assert not seen
    assert "late" not in names(database)


async def test_what_may_have_been_committed_is_not_done_again(database: Database) -> None:
    begun: list[str] = []

    def goes_away(work: Work) -> None:
        begun.append("away")
        raise DatabaseUnavailable("it", "it went away")

    joined = Together(database, DEFAULT_SCOPE)
    functions = [opening("first"), goes_away, opening("together")]
    ended = await asyncio.gather(*(joined.run(function) for function in functions), return_exceptions=True)
    assert [isinstance(each, DatabaseUnavailable) for each in ended] == [False, True, True]
    assert ended[1] is not ended[2]
    assert begun == ["away"]


async def test_a_statement_that_the_server_stopped_stops_nobody_else(migrated_copy: str) -> None:
    database = Database(migrated_copy, statement_timeout=timedelta(milliseconds=200))
    joined = Together(database, DEFAULT_SCOPE)

    def sleeps(work: Work) -> None:
        work.users._session.connection().execute(select(func.pg_sleep(20)))

    functions = [opening("first"), opening("second"), sleeps, opening("third")]
    ended = await asyncio.gather(*(joined.run(function) for function in functions), return_exceptions=True)
    assert [ended[0], ended[1], ended[3]] == ["first", "second", "third"]
    assert isinstance(ended[2], DatabaseUnavailable)
    database.close()


async def test_who_was_cancelled_meanwhile_is_not_called_again(database: Database) -> None:
    has_begun, may_go_on, called = threading.Event(), threading.Event(), list[str]()

    def cancelled(work: Work) -> None:
        called.append("cancelled")

    def spoil(work: Work) -> None:
        has_begun.set()
        may_go_on.wait(20)
        work.projects.by_name("nowhere")

    joined = Together(database, DEFAULT_SCOPE)
    tasks = [asyncio.create_task(joined.run(function)) for function in (opening("first"), cancelled, spoil)]
    await asyncio.to_thread(has_begun.wait, 20)
    tasks[1].cancel()
    may_go_on.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in ended] == [str, asyncio.CancelledError, ProjectNotFound]
    assert called == ["cancelled"]


async def test_a_worker_that_is_cancelled_before_it_begins_leaves_nobody_waiting(database: Database) -> None:
    def cancel_workers(work: Work) -> None:
        loop.call_soon_threadsafe(cancel_when_there)

    def cancel_when_there() -> None:
        workers = [task for task in asyncio.all_tasks(loop) if task.get_name() == "transactions together"]
        if not workers:
            loop.call_soon(cancel_when_there)
        for worker in workers:
            worker.cancel()

    loop, joined = asyncio.get_running_loop(), Together(database, DEFAULT_SCOPE)
    tasks = [asyncio.create_task(joined.run(function)) for function in (cancel_workers, opening("second"))]
    ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
    assert isinstance(ended[1], asyncio.CancelledError)
    assert await asyncio.wait_for(joined.run(opening("later")), 20) == "later"


async def test_a_queue_does_not_wait_for_another(migrated_copy: str) -> None:
    database = Database(migrated_copy)
    board = SqlQueueBoard(database, DEFAULT_SCOPE)
    one, two = (QueueLimits(name, concurrency=1) for name in ("one", "two"))
    for queue in (one, two):
        await board.enter(queue, uuid4(), has_turn=False)
    with database.transaction(DEFAULT_SCOPE) as work:
        work.call_queues.pause(one, timedelta(seconds=1))  # which locks it
        waiting = asyncio.create_task(board.pause(one, 1.0))
        also_waiting = asyncio.create_task(board.pause(one, 1.0))
        await asyncio.wait_for(board.pause(two, 1.0), 20)
        assert not waiting.done()
        assert not also_waiting.done()
    await asyncio.gather(waiting, also_waiting)
    database.close()


@pytest.fixture
def migrated_copy(postgresql_server: str, migrated_postgresql: str) -> str:
    """URL of a PostgreSQL database with the newest schema."""
    return postgresql.create_database(postgresql_server, f"test_{uuid4().hex}", migrated_postgresql)
