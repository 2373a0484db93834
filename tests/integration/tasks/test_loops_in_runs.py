"""Loops as they run: rows and names of iterations, nesting, failures, the graph's edges, files, and resuming."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from repomill.canonical import digest_bytes
from repomill.errors import ExpressionFailed, NodeFailed, NodeTimeout
from tasks.services import Services
from tests.fakes import plain_task_runs
from tests.fakes.probe_kinds import Probe, registered_probe
from tests.fakes.walks import admit_document, document, run_execution, walk
from tests.integration.tasks.passing_time import MINUTE, a_minute_passes_when_held


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    with registered_probe(monkeypatch, Probe()) as probe:
        yield probe


def loop(items: Any, *nodes: dict[str, Any], edges: Any = (), output: Any = None, **settings: Any) -> dict[str, Any]:
    """Return the node `each`; `settings` of the loop's configuration."""
    body = {"nodes": list(nodes), "edges": list(edges), "output": output}
    return {
        "id": "each",
        "type": "loop",
        "config": {"for_each": items, "max_iterations": 100, "body": body, **settings},
    }


def probe_node(name: str = "a", value: Any = "{{ item }}", **config: Any) -> dict[str, Any]:
    return {"id": name, "type": "probe", "config": {"value": value, **config}}


async def test_every_iteration_has_rows_events_and_a_name_of_its_own(services: Services, probe: Probe) -> None:
    walked = await walk(services, document([loop([7, 8], probe_node())], output="{{ nodes.each.output['items'] }}"))
    assert walked.output == [{"value": 7}, {"value": 8}]
    assert await walked.statuses() == dict.fromkeys(["each", "each[0].a", "each[1].a"], "completed")
    assert {node for _, node, _ in await walked.events("node.completed")} == {"each", "each[0].a", "each[1].a"}
    assert walked.ran == ["each[0].a", "each[1].a", "each"]


async def test_a_body_sees_its_item_nodes_around_it_and_iterations_around_it(services: Services, probe: Probe) -> None:
    value = "{{ nodes.first.output.value }}-{{ outer }}-{{ item }}-{{ nodes.b.output.value }}"
    nodes = (probe_node("b", "{{ index }}"), probe_node("a", value))
    inner = loop(["x", "y"], *nodes, edges=[{"from": "b", "to": "a"}], output="{{ nodes.a.output.value }}")
    outer = loop([1, 2], inner, output="{{ nodes.each.output['items'] | join(' ') }}", **{"as": "outer"}) | {"id": "o"}
    spec = document([probe_node("first", "f"), outer], "[{from: first, to: o}]", output="{{ nodes.o.output['items'] }}")
    walked = await walk(services, spec)
    assert walked.output == ["f-1-x-0 f-1-y-1", "f-2-x-0 f-2-y-1"]
    assert "o[1].each[0].a" in await walked.statuses()


@pytest.mark.parametrize("parallel", [1, 4])
async def test_loops_alike_within_a_loop_keep_each_its_own_output(
    services: Services, monkeypatch: pytest.MonkeyPatch, parallel: int
) -> None:
    monkeypatch.setattr(plain_task_runs, "PAUSE", 0.004)
    made = {"id": "a", "type": "input", "config": {"values": {"v": "{{ outer }}{{ item }}"}}}
    inner = loop(["x", "y"], made, output="{{ nodes.a.output.v }}")
    given = "{{ nodes.each.output['items'] | join(' ') }}"
    outer = loop(list(range(12)), inner, output=given, **{"as": "outer", "parallel": parallel}) | {"id": "o"}
    walked = await walk(services, document([outer], output="{{ nodes.o.output['items'] }}"))
    assert walked.output == [f"{number}x {number}y" for number in range(12)]
    kept = [(row.output_digest, row.output_key) for row in (await walked.rows()).values()]
    assert [digest for digest, _ in kept] == [digest_bytes(await services.store.get(key or "")) for _, key in kept]


async def test_edges_lead_into_the_iterations_and_out_of_the_loop(services: Services, probe: Probe) -> None:
    nodes = [probe_node("first", 1), loop([1, 2], probe_node()), probe_node("last", 1)]
    walked = await walk(services, document(nodes, "[{from: first, to: each}, {from: each, to: last}]"))
    assert {record.title: record.after for record in walked.task_runs.records} == {
        "first": (),
        "each[0].a": ("first",),
        "each[1].a": ("first",),
        "each": ("each[0].a", "each[1].a"),
        "last": ("each",),
    }


async def test_an_empty_loop_follows_what_the_loop_follows(services: Services, probe: Probe) -> None:
    walked = await walk(
        services, document([probe_node("first", 1), loop([], probe_node())], "[{from: first, to: each}]")
    )
    assert walked.task_runs.records[-1].after == ("first",)


async def test_files_are_in_the_order_of_iterations_however_they_ended(services: Services) -> None:
    page = {"id": "p", "type": "file_generation", "config": {"files": [{"path": "{{ item }}", "content": "x"}]}}
    walked = await walk(services, document([loop([f"f{number}" for number in range(12)], page, parallel=5)]))
    assert walked.fragments == [f"each[{number}].p" for number in range(12)]


FAILS_IN_ONE = probe_node(fail="{{ 9 if index == 1 else 0 }}", busy=False)


async def test_siblings_of_a_failed_iteration_end_and_nothing_starts_after_it(services: Services, probe: Probe) -> None:
    walked = await walk(services, document([loop([0, 1, 2, 3], FAILS_IN_ONE, parallel=2)]))
    assert isinstance(walked.error, NodeFailed)
    assert walked.error.node_path == "each[1].a"
    statuses = await walked.statuses()
    assert (statuses["each[0].a"], statuses["each[1].a"], statuses["each"]) == ("completed", "failed", "failed")
    assert probe.running == 0


@pytest.mark.parametrize(("way", "items"), [("collect", [0, None, 2]), ("skip", [0, 2])])
async def test_a_loop_may_go_on_after_a_failed_iteration(
    way: str, items: list[Any], services: Services, probe: Probe
) -> None:
    each = loop([0, 1, 2], FAILS_IN_ONE, on_item_error=way, parallel=3, output="{{ nodes.a.output.value }}")
    walked = await walk(services, document([each], output="{{ nodes.each.output['items'] }}"))
    assert (walked.error, walked.output, await walked.status()) == (None, items, "completed")
    assert (await walked.statuses())["each[1].a"] == "failed"


async def test_nodes_behind_a_failed_one_in_its_iteration_never_had_their_turn(
    services: Services, probe: Probe
) -> None:
    nodes, edges = (FAILS_IN_ONE, probe_node("z", 1)), [{"from": "a", "to": "z"}]
    walked = await walk(services, document([loop([0, 1], *nodes, edges=edges, on_item_error="skip")]))
    statuses = await walked.statuses()
    assert (statuses["each[0].z"], statuses["each[1].z"]) == ("completed", "cancelled")


async def test_a_loop_has_a_timeout_and_tries_of_its_own(
    services: Services, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.held.add("each[1].a")
    each = loop([0, 1], probe_node()) | {
        "timeout": MINUTE,
        "retry": {"on": ["timeout"], "attempts": 2, "backoff": 0},
    }
    async with a_minute_passes_when_held(probe, monkeypatch):
        walked = await walk(services, document([each]))
    assert isinstance(walked.error, NodeTimeout)
    assert probe.runs == {"each[0].a": 1, "each[1].a": 2}


async def test_what_failed_in_the_body_is_not_tried_again_by_the_loop(services: Services, probe: Probe) -> None:
    walked = await walk(services, document([loop([0, 1], FAILS_IN_ONE) | {"retry": {"on": ["any"], "backoff": 0}}]))
    assert isinstance(walked.error, NodeFailed)
    assert probe.runs["each[1].a"] == 1


async def test_a_stopped_loop_goes_on_with_what_had_not_completed(services: Services, probe: Probe) -> None:
    probe.held.add("each[6].a")
    spec = document([loop(list(range(10)), probe_node(), parallel=3)])
    execution = await admit_document(services, spec)
    running = asyncio.create_task(run_execution(services, execution))
    await probe.came.wait()
    running.cancel()
    stopped = await (await running).statuses()
    done = {path for path, status in stopped.items() if status == "completed"}
    assert stopped["each[6].a"] == "cancelled"
    before = probe.runs.copy()
    probe.held.clear()
    again = await walk(services, spec, root=execution)
    assert again.error is None
    assert not (probe.runs - before).keys() & done
    assert {path for path, status in (await again.statuses()).items() if status == "cached"} == done


async def test_an_edited_node_and_what_reads_it_run_again_and_no_other(services: Services, probe: Probe) -> None:
    def spec(suffix: str) -> dict[str, Any]:
        nodes = (probe_node("a", "{{ item }}" + suffix), probe_node("b", "{{ nodes.a.output.value }}"), probe_node("c"))
        return document([probe_node("x", 1), loop([1, 2], *nodes, edges=[{"from": "a", "to": "b"}])])

    first = await walk(services, spec(""))
    probe.runs.clear()
    again = await walk(services, spec("!"), root=first.root)
    assert probe.runs == dict.fromkeys(["each[0].a", "each[0].b", "each[1].a", "each[1].b"], 1)
    assert (await again.statuses())["each"] == "completed"


async def test_a_loop_of_which_nothing_ran_is_cached(services: Services, probe: Probe) -> None:
    spec = document([loop([1, 2], probe_node())])
    first = await walk(services, spec)
    again = await walk(services, spec, root=first.root)
    assert set((await again.statuses()).values()) == {"cached"}


async def test_the_task_runs_a_loop_is_said_to_follow_are_bounded(services: Services) -> None:
    walked = await walk(services, document([loop(list(range(80)), {"id": "i", "type": "input"}, parallel=20)]))
    assert len(walked.task_runs.records[-1].after) == 50


async def test_a_number_that_json_does_not_keep_fails_the_node_that_takes_it(services: Services, probe: Probe) -> None:
    walked = await walk(services, document([loop([60], probe_node(value="{{ {'id': 2 ** item} }}"))]))
    assert isinstance(walked.error, ExpressionFailed)
    assert "each[0].a, line 1: /config/value/id: 1152921504606846976 is beyond the integers" in str(walked.error)
