"""Any loop against the definition of one, which is written down here once more, without the loop."""

import asyncio
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from repomill.canonical import Json
from repomill.errors import AnswerCut, LoopNotEnding, RepomillError
from repomill.nodes.base import NodeContext
from repomill.nodes.ports import Absent
from repomill.nodes.registry import kind
from tests.fakes.loop_bodies import MemoryBody, broken

LOOP = kind("loop")
BODY = {"nodes": [{"id": "write", "type": "input"}]}
FAILURES = st.sets(st.integers(0, 9), max_size=4)


def run(body: MemoryBody, **config: Any) -> dict[str, Any] | RepomillError:
    """Return a loop's output, or what it raised."""
    absent = cast("Any", Absent())
    context = NodeContext("l", {"inputs": {}}, absent, absent, absent, max_file_size=1, body=body)
    read = LOOP.config_model.model_validate({"body": BODY, **config})
    try:
        return cast("dict[str, Any]", asyncio.run(LOOP.run(read, context)).output)
    except RepomillError as error:
        return error


def indexes(body: MemoryBody) -> list[Json]:
    """Return the iterations that were started."""
    return [names["index"] for names in body.asked]


@given(st.lists(st.integers(), max_size=10), FAILURES, st.sampled_from(["skip", "collect"]), st.integers(1, 12))
def test_every_item_has_one_iteration_and_its_place(
    items: list[int], failing: set[int], on_item_error: str, parallel: int
) -> None:
    body = MemoryBody(fails=broken(*failing), pauses=20)
    output = run(body, for_each=items, max_iterations=10, on_item_error=on_item_error, parallel=parallel)
    failed = sorted(index for index in failing if index < len(items))
    kept = [None if index in failing else item for index, item in enumerate(items)]
    assert isinstance(output, dict)
    assert indexes(body) == list(range(len(items)))
    assert body.most_running == min(parallel, len(items))
    assert output["items"] == (kept if on_item_error == "collect" else [item for item in kept if item is not None])
    assert [error["index"] for error in output["errors"]] == failed
    assert (output["count"], output["failed"]) == (len(items), len(failed))


@given(st.integers(1, 10), st.sets(st.integers(0, 9), min_size=1, max_size=4), st.integers(1, 12))
def test_after_a_failure_nothing_starts_and_what_runs_ends(size: int, failing: set[int], parallel: int) -> None:
    body = MemoryBody(fails=broken(*failing), pauses=2)
    output = run(body, for_each=[0] * size, max_iterations=10, parallel=parallel)
    first = min(failing)
    if first >= size:
        assert isinstance(output, dict)
        return
    assert isinstance(output, AnswerCut)
    assert len(body.asked) <= min(size, first + parallel)
    assert body.running == 0
    assert set(body.ended) == set(range(len(body.asked))) - failing


@given(st.integers(0, 12), st.integers(1, 10), st.sampled_from(["fail", "stop"]), st.booleans())
def test_a_condition_decides_how_often_and_the_bound_how_often_at_most(
    wanted: int, bound: int, on_limit: str, is_while: bool
) -> None:
    condition = {"while": f"{{{{ state < {wanted} }}}}"} if is_while else {"until": f"{{{{ state >= {wanted} }}}}"}
    body = MemoryBody(lambda names: names["state"])
    output = run(body, **condition, state=0, carry="{{ state + 1 }}", max_iterations=bound, on_limit=on_limit)
    needed = wanted if is_while else max(wanted, 1)
    ran = min(needed, bound)
    assert indexes(body) == list(range(ran))
    if needed > bound and on_limit == "fail":
        assert isinstance(output, LoopNotEnding)
    else:
        assert output == {"items": list(range(ran)), "count": ran, "failed": 0, "errors": [], "state": ran}
