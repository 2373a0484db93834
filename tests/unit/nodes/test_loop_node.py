"""The loop: how often it runs its body, with what names, and what it makes of the answers."""

import asyncio
import gc
from typing import Any, cast

import pytest
from pydantic import ValidationError

from repomill.canonical import Json
from repomill.errors import (
    AnswerCut,
    Cancelled,
    ConditionFailed,
    ExpressionFailed,
    LoopNotEnding,
    LoopTooLong,
    OwnershipLost,
    RepomillError,
)
from repomill.nodes.base import NodeContext
from repomill.nodes.ports import Absent
from repomill.nodes.registry import kind
from repomill.testing import Case, conformance
from repomill.testing.checks import Check
from tests.fakes.loop_bodies import MemoryBody, broken

LOOP = kind("loop")
INSIDE = {"nodes": [{"id": "write", "type": "input"}]}


async def loop(body: MemoryBody, **config: Any) -> dict[str, Any]:
    """Run a loop of at most ten iterations and return its output."""
    read = LOOP.config_model.model_validate({"max_iterations": 10, "body": INSIDE, **config})
    absent = cast("Any", Absent())
    scope: dict[str, Json] = {"inputs": {"last": 3}, "variables": {}, "nodes": {}}
    result = await LOOP.run(read, NodeContext("modules", scope, absent, absent, absent, max_file_size=1, body=body))
    return cast("dict[str, Any]", result.output)


async def test_the_body_runs_for_every_item_and_gives_a_list_in_order() -> None:
    body = MemoryBody()
    output = await loop(body, for_each=["a", "b"], state=7)
    assert output == {"items": ["a", "b"], "count": 2, "failed": 0, "errors": [], "state": 7}
    assert body.asked == [{"item": "a", "index": 0, "state": 7}, {"item": "b", "index": 1, "state": 7}]


async def test_a_list_without_items_runs_nothing() -> None:
    assert (await loop(MemoryBody(), for_each=[]))["count"] == 0


async def test_names_of_an_iteration_can_be_chosen() -> None:
    body = MemoryBody()
    await loop(body, for_each=["a"], **{"as": "module", "index_as": "at"})
    assert body.asked == [{"module": "a", "at": 0, "state": None}]


async def test_one_iteration_at_a_time_is_the_rule() -> None:
    body = MemoryBody(pauses=3)
    await loop(body, for_each=[1, 2, 3])
    assert body.most_running == 1


async def test_several_iterations_may_run_at_once_and_never_more() -> None:
    body = MemoryBody(pauses=20)
    output = await loop(body, for_each=list(range(10)), parallel=4)
    assert body.most_running == 4
    assert output["items"] == list(range(10))


async def test_the_first_iteration_is_well_under_way_before_the_last_begins() -> None:
    body = MemoryBody(pauses=3)
    await loop(body, for_each=list(range(10)), parallel=10)
    assert body.most_running == 3


async def test_a_failure_among_many_that_end_together_is_heeded_before_the_next_begins() -> None:
    body = MemoryBody(fails={8: Cancelled()}, meets=10)
    with pytest.raises(Cancelled):
        await loop(body, for_each=list(range(30)), max_iterations=30, parallel=10)
    assert len(body.asked) == 10


async def test_a_list_over_the_bound_is_refused_before_the_first_iteration() -> None:
    body = MemoryBody()
    with pytest.raises(LoopTooLong, match="modules has 11 items, and max_iterations is 10"):
        await loop(body, for_each=list(range(11)))
    assert body.asked == []


async def test_while_is_looked_at_before_each_iteration() -> None:
    body = MemoryBody(lambda names: names["index"])
    output = await loop(body, **{"while": "{{ index < inputs.last }}"})
    assert output["items"] == [0, 1, 2]
    assert (await loop(MemoryBody(), **{"while": False}))["count"] == 0


async def test_until_is_looked_at_after_each_iteration_and_sees_what_it_gave() -> None:
    body = MemoryBody(lambda names: {"good": names["index"] == 2})
    assert (await loop(body, until="{{ output.good }}"))["count"] == 3
    assert (await loop(MemoryBody(), until=True))["count"] == 1


async def test_state_is_carried_from_one_iteration_to_the_next() -> None:
    body = MemoryBody(lambda names: names["state"])
    output = await loop(body, for_each=[1, 2, 3], state={"sum": 0}, carry={"sum": "{{ state.sum + item }}"})
    assert output["items"] == [{"sum": 0}, {"sum": 1}, {"sum": 3}]
    assert output["state"] == {"sum": 6}


async def test_a_condition_may_use_the_carried_state() -> None:
    config = {"while": "{{ state | length < 4 }}", "state": "", "carry": "{{ state ~ output }}"}
    output = await loop(MemoryBody(lambda _: "ab"), **config)
    assert (output["count"], output["state"]) == (2, "abab")


async def test_a_condition_that_never_ends_is_an_error_at_the_bound() -> None:
    body = MemoryBody()
    with pytest.raises(LoopNotEnding, match="not come to its end after 10 iterations"):
        await loop(body, until="{{ false }}")
    assert len(body.asked) == 10


async def test_a_loop_may_stop_at_its_bound() -> None:
    assert (await loop(MemoryBody(), until="{{ false }}", on_limit="stop"))["count"] == 10


async def test_until_sees_the_iteration_that_ended_and_while_the_one_that_would_begin() -> None:
    told: dict[str, Any] = {"index_as": "at", "carry": "{{ at }}"}
    until = await loop(MemoryBody(), until="{{ at == 2 and state == 2 }}", **told)
    assert (until["count"], until["state"]) == (3, 2)
    before = await loop(MemoryBody(), **told, **{"while": "{{ at == 0 or (at < 3 and state == at - 1) }}"})
    assert (before["count"], before["state"]) == (3, 2)


async def test_a_loop_that_ends_with_its_last_iteration_has_ended() -> None:
    assert (await loop(MemoryBody(), until="{{ index == 9 }}"))["count"] == 10
    assert (await loop(MemoryBody(), **{"while": "{{ index < 10 }}"}))["count"] == 10


@pytest.mark.parametrize("parallel", [1, 3])
async def test_failed_iterations_may_be_left_out(parallel: int) -> None:
    body = MemoryBody(fails=broken(1, 3))
    output = await loop(body, for_each=list("abcd"), on_item_error="skip", parallel=parallel)
    assert output["items"] == ["a", "c"]
    assert (output["count"], output["failed"]) == (4, 2)


async def test_failed_iterations_may_be_collected() -> None:
    body = MemoryBody(fails=broken(1))
    output = await loop(body, for_each=list("abc"), on_item_error="collect")
    assert output["items"] == ["a", None, "c"]
    (error,) = output["errors"]
    assert (error["index"], error["code"]) == (1, "answer_cut")
    assert "iteration 1" in error["message"]


async def test_an_error_ends_the_loop_and_what_runs_may_end() -> None:
    body = MemoryBody(fails=broken(0), pauses=1)
    with pytest.raises(AnswerCut, match="iteration 0"):
        await loop(body, for_each=list("abcdef"), parallel=3)
    assert len(body.asked) == 3
    assert body.ended == [1, 2]


async def test_failures_of_iterations_at_once_are_all_heard() -> None:
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, facts: unheard.append(facts))
    with pytest.raises(AnswerCut):
        await loop(MemoryBody(fails=broken(0, 1, 2), meets=3), for_each=list("abc"), parallel=3)
    gc.collect()
    assert unheard == []


async def test_the_state_stays_when_an_iteration_fails() -> None:
    body = MemoryBody(fails=broken(1))
    config = {"state": 0, "carry": "{{ state + item }}", "on_item_error": "skip"}
    assert (await loop(body, for_each=[1, 10, 100], **config))["state"] == 101


@pytest.mark.parametrize("error", [Cancelled(), OwnershipLost("x")])
async def test_a_cancel_is_no_failure_of_an_iteration(error: RepomillError) -> None:
    with pytest.raises(type(error)):
        await loop(MemoryBody(fails={0: error}), for_each=[1, 2], on_item_error="collect")


async def test_a_cancelled_loop_leaves_nothing_running() -> None:
    body = MemoryBody(pauses=10**9)
    running = asyncio.create_task(loop(body, for_each=[1, 2, 3], parallel=3))
    for _ in range(5):
        await asyncio.sleep(0)
    assert body.running == 3
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert body.running == 0


@pytest.mark.parametrize(
    ("config", "error", "place"),
    [
        ({"while": "{{ state.missing }}"}, ExpressionFailed, "node modules/while"),
        ({"until": "{{ [] }}"}, ConditionFailed, "node modules/until"),
        ({"for_each": [1], "carry": {"x": "{{ 1 / 0 }}"}}, ExpressionFailed, "node modules/carry/x"),
    ],
)
async def test_an_expression_that_fails_names_its_field(
    config: dict[str, Any], error: type[ExpressionFailed | ConditionFailed], place: str
) -> None:
    with pytest.raises(error) as caught:
        await loop(MemoryBody(), state={}, **config)
    assert cast("Any", caught.value).place == place


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "give one of 'for_each', 'while' and 'until'"),
        ({"for_each": [], "until": True}, "give one of"),
        ({"for_each": "abc"}, "it takes a list"),
        ({"for_each": {"a": 1}}, "dictsort"),
        ({"while": "state"}, "write '{{ state }}'"),
        ({"until": True, "parallel": 2}, "'parallel' and 'until' exclude each other"),
        ({"for_each": [], "carry": None, "parallel": 2}, "'parallel' and 'carry' exclude each other"),
        ({"for_each": [], "as": "x", "index_as": "x"}, "both 'x'"),
        ({"for_each": [], "max_iterations": 0}, "greater than 0"),
        ({"for_each": [], "body": {"nodes": []}}, "at least 1 item"),
    ],
)
def test_a_loop_that_makes_no_sense_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LOOP.config_model.model_validate({"max_iterations": 10, "body": INSIDE, **config})


@pytest.mark.parametrize(
    "check",
    conformance(
        LOOP,
        Case({"for_each": [1, 2], "max_iterations": 3, "body": INSIDE}, ports={"body": MemoryBody()}, name="for_each"),
        Case({"until": True, "carry": None, "max_iterations": 3, "body": INSIDE}, ports={"body": MemoryBody()}),
    ),
    ids=str,
)
def test_the_loop_conforms(check: Check) -> None:
    check()


def test_a_loop_needs_a_bound() -> None:
    with pytest.raises(ValidationError, match="max_iterations"):
        LOOP.config_model.model_validate({"for_each": [], "body": INSIDE})


def test_a_loop_tells_its_body_its_names_and_its_bound() -> None:
    config = LOOP.config_model.model_validate({"until": True, "max_iterations": 4, "body": INSIDE})
    assert LOOP.body(config) == INSIDE
    assert LOOP.body_names(config) == ("index", "state")
    assert LOOP.most_iterations(config) == 4
    over = LOOP.config_model.model_validate({"for_each": [1, 2], "max_iterations": 4, "body": INSIDE})
    assert LOOP.body_names(over) == ("item", "index", "state")
    assert LOOP.most_iterations(over) == 2
