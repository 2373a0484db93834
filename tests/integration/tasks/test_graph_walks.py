"""Graphs as they run: branches, skipped nodes, failures that the run goes on after."""

from typing import Any

import pytest

from repomill.errors import ExpressionFailed, RunTimeout
from tasks.open_execution import open_execution
from tasks.services import Services
from tests.fakes.walks import admit_document, document, run_execution, walk

pytestmark = pytest.mark.everywhere

ROUTED = document(
    """
    - {id: route, type: router, config: {branches: [{name: big, when: "{{ inputs.n > 2 }}"}], default: small}}
    - {id: a, type: file_generation, config: {files: [{path: a.txt, content: "{{ inputs.n }}"}]}}
    - {id: b, type: file_generation, config: {files: [{path: b.txt, content: b}]}}
    - {id: after_b, type: input}
    - {id: join, type: input, config: {values: {of_a: "{{ nodes.a.status }}", of_b: "{{ nodes.b.status }}"}}}
    """,
    """
    - {from: route, to: a, branch: big}
    - {from: route, to: b, branch: small}
    - {from: b, to: after_b}
    - {from: a, to: join}
    - {from: b, to: join}
    """,
    output="{{ nodes.join.output }}",
)


async def test_what_no_branch_leads_to_is_skipped_with_all_behind_it(services: Services) -> None:
    walked = await walk(services, ROUTED, n=3)
    assert walked.error is None
    statuses = await walked.statuses()
    assert {path for path, status in statuses.items() if status == "skipped"} == {"b", "after_b"}
    assert walked.output["of_a"] == "completed"
    assert walked.output["of_b"] == "skipped"
    assert walked.fragments == ["a"]


async def test_a_resumed_router_chooses_as_it_did(services: Services) -> None:
    first = await walk(services, ROUTED, n=1)
    again = await walk(services, ROUTED, root=first.root, n=1)
    assert again.ran == []
    assert again.fragments == first.fragments == ["b"]
    assert (await again.statuses())["a"] == "skipped"


async def test_a_node_whose_when_is_false_is_skipped(services: Services) -> None:
    nodes = [
        {"id": "a", "type": "input", "when": "{{ inputs.n > 2 }}"},
        {"id": "b", "type": "input"},
        {"id": "c", "type": "input", "when": False},
    ]
    walked = await walk(services, document(nodes, [{"from": "a", "to": "b"}]), n=1)
    assert await walked.statuses() == {"a": "skipped", "b": "skipped", "c": "skipped"}
    assert [payload["reason"] for _, _, payload in await walked.events("node.skipped")] == [
        "its `when` is false",
        "its `when` is false",
        "no branch led to it",
    ]
    assert walked.error is None


FAILING = {"id": "bad", "type": "input", "config": {"values": {"x": "{{ inputs.missing }}"}}}


async def test_a_failure_ends_the_run_and_what_was_to_come_is_cancelled(services: Services) -> None:
    walked = await walk(services, document([FAILING, {"id": "after", "type": "input"}], "[{from: bad, to: after}]"))
    assert isinstance(walked.error, ExpressionFailed)
    assert walked.error.node_path == "bad"
    assert await walked.statuses() == {"bad": "failed", "after": "cancelled"}
    assert await walked.status() == "failed"


async def test_a_run_goes_on_after_a_node_that_may_fail(services: Services) -> None:
    after = {"id": "after", "type": "input", "config": {"values": {"why": "{{ nodes.bad.error.code }}"}}}
    nodes = [FAILING | {"on_error": "continue"}, after]
    walked = await walk(services, document(nodes, "[{from: bad, to: after}]", output="{{ nodes.after.output.why }}"))
    assert walked.output == "expression_failed"
    assert await walked.statuses() == {"bad": "failed", "after": "completed"}
    assert await walked.status() == "completed"


async def test_a_node_that_was_cancelled_may_fail_before_it_runs_in_the_next_attempt(services: Services) -> None:
    nodes = [FAILING | {"on_error": "continue"}, {"id": "after", "type": "input"}]
    execution = await admit_document(services, document(nodes, "[{from: bad, to: after}]"))
    with pytest.raises(RunTimeout):
        async with open_execution(services, "", {}, execution, None):
            raise RunTimeout("walk", 1.0)
    walked = await run_execution(services, execution)
    assert walked.error is None
    assert await walked.statuses() == {"bad": "failed", "after": "completed"}


async def test_the_error_branch_is_taken_instead_of_the_others(services: Services) -> None:
    nodes = [FAILING | {"on_error": "branch"}, {"id": "well", "type": "input"}, {"id": "mend", "type": "input"}]
    walked = await walk(services, document(nodes, "[{from: bad, to: well}, {from: bad, to: mend, branch: error}]"))
    assert await walked.statuses() == {"bad": "failed", "well": "skipped", "mend": "completed"}


async def test_what_others_only_follow_is_named_to_the_task_run(services: Services) -> None:
    walked = await walk(services, ROUTED, n=3)
    after = {record.title: record.after for record in walked.task_runs.records}
    assert after == {"route": (), "a": ("route",), "join": ("a",)}


async def test_progress_counts_every_instance_once(services: Services) -> None:
    walked = await walk(services, ROUTED, n=3)
    assert (walked.progress.total, walked.progress.over) == (5, 5)


async def test_a_tree_is_made_of_the_branches_that_ran(services: Services) -> None:
    nodes: list[dict[str, Any]] = [
        {"id": "unwanted", "type": "input", "when": False},
        {"id": "page", "type": "file_generation", "config": {"files": [{"path": "a", "content": "b"}]}},
    ]
    walked = await walk(services, document(nodes, "[{from: unwanted, to: page}]"))
    assert (walked.error, walked.fragments) == (None, [])
    assert await walked.status() == "completed"
