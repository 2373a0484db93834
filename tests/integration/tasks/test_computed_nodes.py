"""Nodes that only compute run ahead of the disk; what asks or changes something starts from what is kept."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from repomill.nodes.base import Idempotency
from storage.artifacts.port import ArtifactStore
from storage.database.transitions import NodeStatus
from storage.database.work import Work
from tasks.services import Services
from tests.fakes.probe_kinds import Probe, registered_probe
from tests.fakes.slow_store import SlowStore
from tests.fakes.walks import admit_document, document, run_execution, walk

pytestmark = pytest.mark.everywhere

A_MOMENT = 0.3
"""Seconds; what waits for the disk does not go on in them, however fast the machine is."""

PATIENCE = 60
"""Seconds until a test is given up."""


@pytest.fixture
def slow(services: Services) -> SlowStore:
    return SlowStore(services.store)


@pytest.fixture
def slow_services(services: Services, slow: SlowStore) -> Services:
    return replace(services, store=cast(ArtifactStore, slow))


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    with registered_probe(monkeypatch, Probe()) as probe:
        yield probe


CHAIN = document(
    [
        {"id": "first", "type": "input", "config": {"values": {"n": 1}}},
        {"id": "second", "type": "input", "config": {"values": {"n": "{{ nodes.first.output.n + 1 }}"}}},
        {"id": "asks", "type": "probe", "config": {"value": "{{ nodes.second.output.n }}"}},
    ],
    [{"from": "first", "to": "second"}, {"from": "second", "to": "asks"}],
    output="{{ nodes.asks.output.value }}",
)


async def test_what_asks_starts_once_all_before_it_is_kept(
    slow_services: Services, slow: SlowStore, probe: Probe
) -> None:
    probe.held.add("asks")
    execution = await admit_document(slow_services, CHAIN)
    running = asyncio.create_task(run_execution(slow_services, execution))
    await asyncio.sleep(A_MOMENT)
    came_early = probe.came.is_set()
    slow.opened.set()
    await asyncio.wait_for(probe.came.wait(), PATIENCE)
    kept = {row.node_path: row for row in await rows(slow_services, execution)}
    running.cancel()
    await asyncio.wait([running])
    assert not came_early
    assert [kept[path].status for path in ("first", "second")] == [NodeStatus.COMPLETED] * 2
    assert all([await slow.store.exists(kept[path].output_key or "") for path in ("first", "second")])


async def rows(services: Services, execution: Any) -> Any:
    def read(work: Work) -> Any:
        return work.nodes.list(execution)

    return await services.database.run(services.scope, read)


async def test_what_only_computes_waits_for_nothing(
    slow_services: Services, slow: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registered_probe(monkeypatch, Probe(), idempotency_class=Idempotency.PURE) as probe:
        running = asyncio.create_task(walk(slow_services, CHAIN))
        await asyncio.wait_for(probe.met.wait(), PATIENCE)
        assert not running.done()
        slow.opened.set()
        walked = await running
    assert (walked.error, walked.output) == (None, 2)
    assert set((await walked.statuses()).values()) == {"completed"}


async def test_a_result_that_is_not_stored_yet_serves_a_node_that_does_the_same(
    slow_services: Services, slow: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = {"id": "again", "type": "input", "config": {"values": {"n": 1}}}
    nodes = [CHAIN["nodes"][0], again, {**CHAIN["nodes"][2], "config": {"value": "{{ nodes.again.output.n }}"}}]
    spec = document(nodes, [{"from": "first", "to": "again"}, {"from": "again", "to": "asks"}])
    with registered_probe(monkeypatch, Probe(), idempotency_class=Idempotency.PURE) as probe:
        running = asyncio.create_task(walk(slow_services, spec))
        await asyncio.wait_for(probe.met.wait(), PATIENCE)
        slow.opened.set()
        walked = await running
    assert walked.error is None
    assert walked.ran == ["first", "asks"]
    assert await walked.statuses() == {"first": "completed", "again": "cached", "asks": "completed"}


async def test_a_run_ends_once_all_is_kept(slow_services: Services, slow: SlowStore) -> None:
    running = asyncio.create_task(walk(slow_services, document([CHAIN["nodes"][0]])))
    await asyncio.wait([running], timeout=A_MOMENT)
    assert not running.done()
    slow.opened.set()
    walked = await running
    assert await walked.statuses() == {"first": "completed"}
