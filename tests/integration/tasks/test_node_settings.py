"""What any node may say of how it runs: timeout, retry, reuse, mock, concurrency; and a workflow's own timeout."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from repomill.errors import ArtifactStoreUnavailable, Cancelled, NodeFailed, NodeTimeout, RunTimeout
from tasks.services import Services
from tests.fakes.probe_kinds import Probe, registered_probe
from tests.fakes.walks import admit_document, document, run_execution, walk
from tests.integration.tasks.passing_time import MINUTE, a_minute_passes_when_held


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    with registered_probe(monkeypatch, Probe()) as probe:
        yield probe


def one(config: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Return a workflow of one probe, whose output is that of the run."""
    node = {"id": "a", "type": "probe", "concurrency": 2, "config": config or {}, **settings}
    return document([node], output="{{ nodes.a.output }}")


async def test_a_busy_other_side_is_asked_again(services: Services, probe: Probe) -> None:
    walked = await walk(services, one({"fail": 2, "value": 7}))
    assert walked.output == {"value": 7}
    assert [payload for _, _, payload in await walked.events("node.started")] == [{}, {"try": 2}, {"try": 3}]


async def test_tries_are_bounded(services: Services, probe: Probe) -> None:
    walked = await walk(services, one({"fail": 9}, retry={"attempts": 2}))
    assert isinstance(walked.error, ArtifactStoreUnavailable)
    assert probe.runs == {"a": 2}


async def test_other_failures_are_tried_again_where_the_node_says_so(services: Services, probe: Probe) -> None:
    broken = {"fail": 1, "busy": False}
    walked = await walk(services, one(broken))
    assert isinstance(walked.error, NodeFailed)
    assert probe.runs.pop("a") == 1
    walked = await walk(services, one(broken, retry={"on": ["any"]}))
    assert (walked.error, probe.runs["a"]) == (None, 2)


async def test_a_try_that_takes_too_long_is_ended(services: Services, probe: Probe) -> None:
    probe.held.add("a")
    walked = await walk(services, one(timeout=0.05))
    assert isinstance(walked.error, NodeTimeout)
    assert (walked.error.node, walked.error.seconds, probe.runs["a"]) == ("a", 0.05, 1)


async def test_a_timeout_is_tried_again_where_the_node_says_so(services: Services, probe: Probe) -> None:
    probe.held.add("a")
    walked = await walk(services, one(timeout=0.05, retry={"attempts": 2, "on": ["timeout"]}))
    assert isinstance(walked.error, NodeTimeout)
    assert probe.runs["a"] == 2


async def test_a_run_that_takes_too_long_fails_and_can_go_on(
    services: Services, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.held.add("a")
    async with a_minute_passes_when_held(probe, monkeypatch):
        walked = await walk(services, document([{"id": "a", "type": "probe"}], timeout=MINUTE))
    assert isinstance(walked.error, RunTimeout)
    assert (await walked.status(), await walked.statuses()) == ("failed", {"a": "cancelled"})
    probe.held.clear()
    assert (await run_execution(services, walked.execution)).error is None


async def test_a_resumed_run_takes_what_it_has(services: Services, probe: Probe) -> None:
    first = await walk(services, one())
    again = await walk(services, one(), root=first.root)
    assert (probe.runs["a"], await again.statuses()) == (1, {"a": "cached"})


async def test_a_node_that_is_never_reused_runs_again(services: Services, probe: Probe) -> None:
    first = await walk(services, one(reuse="never"))
    await walk(services, one(reuse="never"), root=first.root)
    assert probe.runs["a"] == 2


async def test_another_run_does_the_work_itself_unless_the_node_says_always(services: Services, probe: Probe) -> None:
    await walk(services, one())
    await walk(services, one())
    assert probe.runs["a"] == 2
    shared = await walk(services, one(reuse="always"))
    assert (probe.runs["a"], await shared.statuses()) == (2, {"a": "cached"})


async def test_a_shared_result_that_was_removed_is_made_again(services: Services, probe: Probe) -> None:
    first = await walk(services, one())
    row = (await first.rows())["a"]
    assert row.output_key is not None
    await services.store.delete(row.output_key)
    assert (await walk(services, one(reuse="always"))).error is None
    assert probe.runs["a"] == 2


MOCKED = one({"value": "{{ inputs.missing }}"}, mock={"output": {"fixed": 1}, "files": [{"path": "m", "content": "x"}]})


async def test_a_run_with_mocks_does_no_work_and_says_so(services: Services, probe: Probe) -> None:
    walked = await walk(services, MOCKED, mocks=True)
    assert (walked.output, walked.fragments, probe.runs) == ({"fixed": 1}, ["a"], {})
    assert (await walked.rows())["a"].is_mocked
    assert [payload for _, _, payload in await walked.events("node.completed")] == [{"files": 1, "mocked": True}]


async def test_a_fixed_answer_stands_for_nothing_in_a_real_run(services: Services, probe: Probe) -> None:
    mocked = await walk(services, one({"value": 1}, mock={"output": 2}), mocks=True)
    real = await walk(services, one({"value": 1}, mock={"output": 2}), root=mocked.root)
    assert (mocked.output, real.output, probe.runs["a"]) == (2, {"value": 1}, 1)


async def test_a_mocked_router_takes_the_branches_it_names(services: Services) -> None:
    router = {"id": "r", "type": "router", "config": {"branches": [{"name": "x", "when": "{{ inputs.no }}"}]}}
    nodes = [router | {"mock": {"output": {"branches": ["x"]}}}, {"id": "a", "type": "input"}]
    walked = await walk(services, document(nodes, "[{from: r, to: a, branch: x}]"), mocks=True)
    assert await walked.statuses() == {"a": "completed", "r": "completed"}


async def test_instances_at_once_are_bounded_over_all_iterations(services: Services, probe: Probe) -> None:
    probe.meets = 2
    config = {"value": "{{ item }}", "takes": 0.1}
    body = {"nodes": [{"id": "a", "type": "probe", "concurrency": 2, "config": config}]}
    loop = {"for_each": list(range(8)), "max_iterations": 8, "parallel": 8, "body": body}
    walked = await walk(services, document([{"id": "each", "type": "loop", "config": loop}]))
    assert (walked.error, probe.most, len(probe.runs)) == (None, 2, 8)


async def test_a_cancel_reaches_all_that_runs(services: Services, probe: Probe) -> None:
    probe.held |= {"a", "b"}
    execution = await admit_document(
        services, document([{"id": name, "type": "probe"} for name in "abc"], "[{from: a, to: c}]")
    )
    running = asyncio.create_task(run_execution(services, execution))
    await probe.came.wait()
    running.cancel()
    walked = await running
    assert isinstance(walked.error, asyncio.CancelledError | Cancelled)
    assert (await walked.status(), probe.running) == ("cancelled", 0)
    assert await walked.statuses() == {"a": "cancelled", "b": "cancelled", "c": "cancelled"}
