"""The writer of a run: order, grouping, and what becomes of those who wait when it cannot write."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from repomill.errors import ArtifactStoreUnavailable, DatabaseUnavailable, OwnershipLost
from storage.artifacts.port import ArtifactStore
from storage.database.lease import Lease
from storage.database.repositories.nodes import NodeChange, NodeNotPlanned, NodeOutput, Nodes
from storage.database.session import Database
from storage.database.transitions import ExecutionStatus, NodeStatus
from storage.database.work import Work
from tasks import state_writer
from tasks.services import Services
from tasks.state_writer import StateWriter, event, now
from tests.fakes.slow_store import SlowStore
from tests.fakes.stored_projects import admitted, owned
from tests.fakes.watched_store import watched


@pytest.fixture
async def lease(services: Services, tmp_path: Path) -> Lease:
    """An execution with one planned node, `page`."""
    return await owned(services, await admitted(services, tmp_path))


def running(path: str = "page") -> NodeChange:
    return NodeChange(path, NodeStatus.RUNNING, at=now())


async def events(services: Services, lease: Lease) -> list[str]:
    found = await services.database.run(services.scope, lambda work: work.events.after(lease.execution_id))
    return [each.kind for each in found][1:]  # without that of the start


async def test_what_was_put_is_committed_when_a_flush_returns(services: Services, lease: Lease) -> None:
    async with StateWriter(services, lease) as writer:
        writer.put(running(), event("node.started", "page"))
        writer.put(None, event("call.answered", "page", call=1))
        await writer.flush()
        assert await events(services, lease) == ["node.started", "call.answered"]


async def test_what_nobody_waits_for_is_written_all_the_same(services: Services, lease: Lease) -> None:
    async with StateWriter(services, lease) as writer:
        writer.put(running(), event("node.started", "page"))
    assert await events(services, lease) == ["node.started"]


async def test_steps_of_one_node_keep_their_order_in_one_write(services: Services, lease: Lease) -> None:
    async with StateWriter(services, lease) as writer:
        for status in (NodeStatus.RUNNING, NodeStatus.FAILED, NodeStatus.RUNNING, NodeStatus.COMPLETED):
            writer.put(NodeChange("page", status, at=now()), event(f"node.{status.value}", "page"))
        await writer.flush()
    assert await events(services, lease) == ["node.running", "node.failed", "node.running", "node.completed"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of changes in each transaction."""
    sizes: list[int] = []
    apply = Nodes.apply

    def counted(nodes: Nodes, lease: Lease, changes: list[NodeChange]) -> object:
        sizes.append(len(changes))
        return apply(nodes, lease, changes)

    monkeypatch.setattr(Nodes, "apply", counted)
    return sizes


async def test_many_that_wait_at_once_share_a_transaction(services: Services, lease: Lease, written: list[int]) -> None:
    async with StateWriter(services, lease) as writer:

        async def one(number: int) -> None:
            writer.put(NodeChange(f"each[{number}].a", NodeStatus.PENDING, "llm"), None)
            await writer.flush()

        await asyncio.gather(*(one(number) for number in range(100)))
    assert sum(written) == 100
    assert len(written) <= 3


async def test_an_end_waits_for_others_where_many_nodes_are_under_way(
    services: Services, lease: Lease, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "MANY", 2)
    async with StateWriter(services, lease) as writer:
        for path in ("one", "two", "three", "cancelled", "cancelled too"):
            writer.put(NodeChange(path, NodeStatus.PENDING, "llm"), None)
            writer.put(running(path), None)
        await writer.flush()
        monkeypatch.setattr(state_writer, "LINGER", 3.0)
        written.clear()

        async def ends(path: str) -> None:
            writer.put(NodeChange(path, NodeStatus.COMPLETED, at=now(), output=NodeOutput("key")), None)
            await writer.flush()

        first = asyncio.create_task(ends("one"))
        await asyncio.sleep(0.2)
        assert written == []
        await asyncio.gather(first, ends("two"))
        assert written == [2]
        writer.over("cancelled")
        writer.over("cancelled too")
        monkeypatch.setattr(state_writer, "LINGER", 10.0**6)
        await ends("three")  # nobody is under way, and nothing waits for company
    assert written == [2, 1]


async def test_who_lost_the_execution_is_told_now_and_later(services: Services, lease: Lease) -> None:
    def take_away(work: Work) -> None:
        work.executions.reconcile(lease.execution_id, ExecutionStatus.FAILED)

    writer = StateWriter(services, lease)
    await services.database.run(services.scope, take_away)
    for _ in range(2):
        writer.put(running(), None)
        with pytest.raises(OwnershipLost):
            await writer.flush()


async def test_a_fault_of_the_code_reaches_who_waits(services: Services, lease: Lease) -> None:
    writer = StateWriter(services, lease)
    writer.put(running("surprise"), None)
    with pytest.raises(NodeNotPlanned):
        await writer.flush()


async def test_a_database_that_is_away_for_a_moment_is_asked_again(
    services: Services, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "TRY_AGAIN_AFTER", (0.0,))
    run, failures = Database.run, [DatabaseUnavailable("db", "away")]

    async def flaky(database: Database, *arguments: object, **options: object) -> object:
        if failures:
            raise failures.pop()
        return await run(database, *arguments, **options)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Database, "run", flaky)
    async with StateWriter(services, lease) as writer:
        writer.put(running(), event("node.started", "page"))
        await writer.flush()
    assert await events(services, lease) == ["node.started"]


RESULT = "results/page"


def ended(key: str = RESULT) -> NodeChange:
    return NodeChange("page", NodeStatus.COMPLETED, at=now(), output=NodeOutput(key))


async def test_a_result_is_stored_by_the_time_its_row_is_written(services: Services, lease: Lease) -> None:
    async with StateWriter(services, lease) as writer:
        writer.put(running(), None)
        writer.keep(RESULT, b"{}")
        assert writer.kept(RESULT) == b"{}"
        writer.put(ended(), event("node.completed", "page"))
        await writer.results()
        assert await events(services, lease) == ["node.completed"]
        assert await services.store.get(RESULT) == b"{}"
        assert writer.kept(RESULT) is None


async def test_a_result_that_was_stored_before_its_end_was_told_is_waited_for_as_well(
    services: Services, lease: Lease
) -> None:
    async with StateWriter(services, lease) as writer:
        writer.put(running(), None)
        writer.keep(RESULT, b"{}")
        await writer.flush()
        assert writer.kept(RESULT) is None
        writer.put(ended(), event("node.completed", "page"))
        await writer.results()
        assert await events(services, lease) == ["node.completed"]


async def test_a_result_that_is_kept_again_meanwhile_is_not_forgotten(services: Services, lease: Lease) -> None:
    slow = SlowStore(services.store)
    async with StateWriter(replace(services, store=cast(ArtifactStore, slow)), lease) as writer:
        writer.keep(RESULT, b"first")
        writer.put(running(), None)
        first = asyncio.create_task(writer.flush())
        await slow.asked.wait()
        writer.keep(RESULT, b"second")
        slow.opened.set()
        await first
        assert writer.kept(RESULT) == b"second"
        writer.put(ended(), None)
    assert await services.store.get(RESULT) == b"second"


async def test_a_store_that_is_away_for_a_moment_is_asked_again(
    services: Services, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "TRY_AGAIN_AFTER", (0.0,))
    outage = Outage(left=1)
    async with StateWriter(replace(services, store=watched(services.store, outage)), lease) as writer:
        writer.put(running(), None)
        writer.keep(RESULT, b"{}")
        writer.put(ended(), event("node.completed", "page"))
    assert await events(services, lease) == ["node.completed"]
    assert await services.store.get(RESULT) == b"{}"


async def test_a_row_never_names_a_result_that_was_not_stored(
    services: Services, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "TRY_AGAIN_AFTER", ())
    writer = StateWriter(replace(services, store=watched(services.store, Outage(left=10**6))), lease)
    writer.put(running(), None)
    await writer.flush()
    writer.keep(RESULT, b"{}")
    writer.put(ended(), event("node.completed", "page"))
    raised = []
    for wait in (writer.flush, writer.results, writer.room):
        with pytest.raises(ArtifactStoreUnavailable) as caught:
            await wait()
        raised.append(caught.value)
    assert len({id(error) for error in raised}) == len(raised)  # who catches one notes its own node in it
    assert await events(services, lease) == []


async def test_who_asks_after_a_failure_is_told_although_nothing_is_to_be_written(
    services: Services, lease: Lease
) -> None:
    def take_away(work: Work) -> None:
        work.executions.reconcile(lease.execution_id, ExecutionStatus.FAILED)

    writer = StateWriter(services, lease)
    await services.database.run(services.scope, take_away)
    writer.put(running(), None)
    for wait in (writer.flush, writer.results, writer.room):
        with pytest.raises(OwnershipLost):
            await wait()


async def test_what_is_too_much_to_hold_is_waited_for(
    services: Services, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "LINGER", 10.0**6)
    monkeypatch.setattr(state_writer, "MOST_BYTES", 2)
    async with StateWriter(services, lease) as writer:
        writer.keep(RESULT, b"{}")
        writer.put(running(), None)
        await writer.room()
        assert writer.kept(RESULT) == b"{}"  # two bytes are little
        writer.keep("results/another", b"{}")
        await writer.room()
        assert writer.kept(RESULT) is None


@dataclass
class Outage:
    """A store is away for so many operations."""

    left: int

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise ArtifactStoreUnavailable("the store", "away")


async def test_the_error_of_the_run_wins_over_a_database_that_stays_away(
    services: Services, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_writer, "TRY_AGAIN_AFTER", ())

    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("db", "away")

    monkeypatch.setattr(Database, "run", away)

    async def run(error: Exception | None) -> None:
        async with StateWriter(services, lease) as writer:
            writer.put(running(), None)
            if error is not None:
                raise error

    with pytest.raises(KeyError):
        await run(KeyError())
    with pytest.raises(DatabaseUnavailable):
        await run(None)
