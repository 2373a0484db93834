"""A node that fails for good ends the loops beside it: what is under way may end, and no iteration starts after it."""

from collections.abc import Iterator
from typing import Any

import pytest

from repomill.errors import NodeFailed
from tasks.services import Services
from tests.fakes.probe_kinds import Probe, registered_probe
from tests.fakes.walks import Walked, document, walk

MANY = list(range(30))
FAILS = {"id": "bad", "type": "probe", "config": {"fail": 9, "busy": False}}


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    with registered_probe(monkeypatch, Probe()) as probe:
        yield probe


def loop(name: str, *nodes: dict[str, Any], edges: Any = (), items: Any = MANY, **settings: Any) -> dict[str, Any]:
    config = {"for_each": items, "max_iterations": 100, "body": {"nodes": nodes, "edges": edges}, **settings}
    return {"id": name, "type": "loop", "config": config}


def works(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "probe", "config": {"value": name, "takes": 0.002}, **more}


async def started_after_the_failure(walked: Walked) -> list[str | None]:
    events = await walked.events()
    failed = next(place for place, (kind, _, _) in enumerate(events) if kind == "node.failed")
    return [node for kind, node, _ in events[failed:] if kind == "node.started"]


@pytest.mark.parametrize("way", ["fail", "skip", "collect"])
@pytest.mark.parametrize("parallel", [1, 3])
async def test_no_iteration_starts_once_the_run_has_failed(
    way: str, parallel: int, services: Services, probe: Probe
) -> None:
    each = loop("each", works(), on_item_error=way, parallel=parallel)
    walked = await walk(services, document([FAILS, each]))
    assert isinstance(walked.error, NodeFailed)
    assert walked.error.node_path == "bad"
    assert len(await started_after_the_failure(walked)) <= 2 * parallel  # those that were about to
    statuses = await walked.statuses()
    assert (statuses["bad"], statuses["each"], await walked.status()) == ("failed", "cancelled", "failed")
    assert set(statuses.values()) <= {"failed", "cancelled", "completed"}
    assert probe.running == 0


async def test_what_an_iteration_has_not_begun_stays_so(services: Services, probe: Probe) -> None:
    body = (works("a"), works("b"), works("c"))
    each = loop("each", *body, edges=[{"from": "a", "to": "b"}, {"from": "b", "to": "c"}])
    walked = await walk(services, document([FAILS, each]))
    statuses = await walked.statuses()
    assert (statuses["each[0].c"], statuses["each"]) == ("cancelled", "cancelled")
    assert len(statuses) == 5


async def test_loops_in_loops_start_nothing_either(services: Services, probe: Probe) -> None:
    each = loop("outer", loop("inner", works(), on_item_error="collect"), on_item_error="skip", parallel=2)
    walked = await walk(services, document([FAILS, each]))
    assert walked.error is not None
    assert walked.error.node_path == "bad"  # type: ignore[attr-defined]
    assert len(await started_after_the_failure(walked)) <= 4  # at most two iterations of each loop
    assert probe.runs.total() < 10


async def test_iterations_that_wait_for_a_node_to_be_free_do_not_begin_it(services: Services, probe: Probe) -> None:
    slow = {"id": "a", "type": "probe", "concurrency": 1, "config": {"takes": 0.3}}
    fails = FAILS | {"config": {"takes": 0.02, "fail": 9, "busy": False}}
    await walk(services, document([fails, loop("each", slow, parallel=6)]))
    assert probe.runs == {"bad": 1, "each[0].a": 1}


async def test_a_failure_that_its_loop_goes_on_after_ends_no_other(services: Services, probe: Probe) -> None:
    fails = {"id": "x", "type": "probe", "config": {"fail": "{{ 9 if index == 1 else 0 }}", "busy": False}}
    inner = loop("inner", works(), items=MANY[:12])
    goes_on = loop("goes_on", fails, inner, items=[0, 1, 2], on_item_error="collect")
    walked = await walk(services, document([goes_on, loop("each", works())]))
    statuses = await walked.statuses()
    assert (walked.error, await walked.status()) == (None, "completed")
    assert (probe.runs["each[29].a"], probe.runs["goes_on[2].inner[11].a"]) == (1, 1)
    assert (statuses["goes_on"], statuses["goes_on[1].inner"]) == ("completed", "cancelled")
    assert probe.runs["goes_on[1].inner[11].a"] == 0


@pytest.mark.parametrize("way", ["continue", "branch"])
async def test_a_failure_that_the_run_goes_on_after_ends_no_loop(way: str, services: Services, probe: Probe) -> None:
    walked = await walk(services, document([FAILS | {"on_error": way}, loop("each", works())]))
    assert (walked.error, probe.runs["each[29].a"]) == (None, 1)


async def test_a_resumed_run_goes_on_with_the_iterations_that_were_to_come(services: Services, probe: Probe) -> None:
    fails_first = {"id": "bad", "type": "probe", "config": {"fail": 1, "busy": False}, "retry": {"attempts": 1}}
    spec = document([fails_first, loop("each", works(), parallel=2)])
    first = await walk(services, spec)
    done = {path for path, status in (await first.statuses()).items() if status == "completed"}
    again = await walk(services, spec, root=first.root)
    assert (again.error, await again.status()) == (None, "completed")
    statuses = await again.statuses()
    assert {path for path, status in statuses.items() if status == "cached"} == done
    assert (len(statuses), probe.runs["each[29].a"]) == (32, 1)
