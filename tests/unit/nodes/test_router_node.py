"""The router: what each comparison holds for, and which branches are chosen."""

from typing import Any, cast

import pytest
from pydantic import ValidationError

from repomill.errors import ConditionFailed
from repomill.nodes.base import NodeContext, NodeResult
from repomill.nodes.ports import Absent
from repomill.nodes.registry import kind
from repomill.testing import Case, conformance
from repomill.testing.checks import Check

ROUTER = kind("router")
SCOPE: dict[str, Any] = {
    "inputs": {"tier": "gold", "none": None},
    "nodes": {"plan": {"output": {"kind": "service", "items": [{"size": 3}, {"size": 40}]}}},
}


ROUTES: list[dict[str, Any]] = [{}, {"default": "c"}, {"default": "a"}, {"default": "c", "choose": "first"}]


async def route(*branches: Any, **config: Any) -> NodeResult:
    """Run a router; each branch is a condition, and is named by its place."""
    listed = [{"name": f"b{at}", "when": when} for at, when in enumerate(branches)]
    read = ROUTER.config_model.model_validate({"branches": listed, **config})
    absent = cast("Any", Absent())
    return await ROUTER.run(read, NodeContext("route", SCOPE, absent, absent, absent, max_file_size=1))


async def holds(condition: Any) -> bool:
    return (await route(condition)).branches == ("b0",)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"value": 3, "equals": 3.0}, True),
        ({"value": 1, "equals": True}, False),
        ({"value": [1, {"a": None}], "equals": [1, {"a": None}]}, True),
        ({"value": [0], "equals": [False]}, False),
        ({"value": "3", "equals": 3}, False),
        ({"value": None, "equals": None}, True),
        ({"value": "a", "not_equals": "b"}, True),
        ({"value": "service", "contains": "vic"}, True),
        ({"value": ["a", "b"], "contains": "b"}, True),
        ({"value": [1], "contains": True}, False),
        ({"value": {"a": 1}, "contains": "a"}, True),
        ({"value": "service", "starts_with": "ser"}, True),
        ({"value": "service", "ends_with": "ser"}, False),
        ({"value": 3, "greater": 2.5}, True),
        ({"value": 3, "greater": 3}, False),
        ({"value": 3, "greater_or_equal": 3}, True),
        ({"value": "b", "less": "c"}, True),
        ({"value": 3, "less_or_equal": 2}, False),
        ({"value": 3, "greater": 1, "less": 5}, True),
        ({"value": 7, "greater": 1, "less": 5}, False),
        ({"value": "b", "in": ["a", "b"]}, True),
        ({"value": 1, "in": [True]}, False),
        ({"value": "x-12", "regex": "^x-[0-9]+$"}, True),
        ({"value": "has x-12", "regex": "x-1"}, True),
        ({"value": "", "exists": True}, True),
        ({"value": None, "exists": False}, True),
        ({"field": "nodes.plan.output.kind", "equals": "service"}, True),
        ({"field": "nodes.plan.output.items[1].size", "greater": 30}, True),
        ({"field": "nodes.plan.output.items[2]", "exists": False}, True),
        ({"field": 'nodes.plan["output"].items[0]["size"]', "equals": 3}, True),
        ({"field": "nodes.plan.output.kind.deeper", "exists": True}, False),
        ({"field": "inputs.none", "exists": True}, False),
        ({"all": [True, {"value": 1, "equals": 1}]}, True),
        ({"all": [True, False]}, False),
        ({"any": [False, "true"]}, True),
        ({"any": [False, None]}, False),
        ({"not": {"value": 1, "equals": 1}}, False),
        ({"not": {"not": True}}, True),
        ("false", False),
        ("True", True),
        (True, True),
        (None, False),
    ],
)
async def test_a_condition_holds_for_what_it_says(condition: Any, expected: bool) -> None:
    assert await holds(condition) is expected


@pytest.mark.parametrize(
    "comparison",
    [{"greater": 1}, {"less_or_equal": "a"}, {"contains": 1}, {"starts_with": "a"}, {"regex": ".*"}, {"equals": 0}],
)
async def test_no_comparison_holds_for_null_or_for_what_is_not_there(comparison: Any) -> None:
    assert not await holds({"value": None, **comparison})
    assert not await holds({"field": "nodes.plan.output.none", **comparison})


OPERANDS = [
    "starts_with",
    "ends_with",
    "regex",
    "greater",
    "greater_or_equal",
    "less",
    "less_or_equal",
    "contains",
    "in",
]


@pytest.mark.parametrize("comparison", OPERANDS)
async def test_no_comparison_holds_with_null(comparison: str) -> None:
    assert not await holds({"value": "None of this", comparison: None})
    assert not await holds({"value": None, comparison: None})
    assert await holds({"not": {"value": "None of this", comparison: None}})


async def test_null_is_one_of_a_list_that_holds_it() -> None:
    assert await holds({"value": None, "in": [1, None]})
    assert await holds({"value": [1, None], "contains": None})
    assert not await holds({"value": None, "in": [1, "None"]})


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"value": "ten", "greater": 3}, "the text 'ten' cannot be compared with the number 3"),
        ({"value": True, "less": 3}, "true cannot be compared with the number 3"),
        ({"value": [1], "greater": 3}, "a list cannot be compared with the number 3"),
        ({"value": 3, "starts_with": "3"}, "the number 3 is no text"),
        ({"value": 3, "contains": 3}, "the number 3 cannot contain the number 3"),
        ({"value": 3, "in": "123"}, "the text '123' is no list"),
        ({"value": {}, "regex": "x"}, "an object is no text"),
        ({"value": 3, "exists": "yes"}, "the text 'yes' is neither true nor false"),
        ({"value": 3, "greater": []}, "the number 3 cannot be compared with a list"),
    ],
)
async def test_what_cannot_be_compared_is_an_error_that_names_its_place(condition: Any, reason: str) -> None:
    with pytest.raises(ConditionFailed) as caught:
        await route(False, {"all": [condition]})
    assert caught.value.reason == reason
    assert caught.value.place.startswith("node route/branches/1/when/all/0/")


async def test_a_pattern_that_would_take_forever_is_stopped() -> None:
    with pytest.raises(ConditionFailed, match="took more than 1 s"):
        await route({"value": "a" * 5000 + "b", "regex": "(a+)+$"})


async def test_all_branches_that_hold_are_chosen_and_named() -> None:
    result = await route(True, False, True)
    assert result.branches == ("b0", "b2")
    assert result.output == {"branches": ["b0", "b2"], "branch": "b0"}


async def test_the_first_branch_that_holds_may_be_the_only_one() -> None:
    assert (await route(False, True, True, choose="first")).branches == ("b1",)


@pytest.mark.parametrize("choose", ["all", "first"])
async def test_the_default_is_chosen_when_nothing_holds(choose: str) -> None:
    assert (await route(False, choose=choose, default="other")).branches == ("other",)
    assert (await route(True, choose=choose, default="other")).branches == ("b0",)


async def test_without_a_default_nothing_may_be_chosen() -> None:
    result = await route(False)
    assert (result.branches, result.output) == ((), {"branches": [], "branch": None})


def test_a_router_tells_its_branches_and_what_it_reads() -> None:
    when = {"any": [{"field": "inputs.tier", "equals": 1}, {"not": {"field": "nodes.plan.output", "exists": True}}]}
    config = ROUTER.config_model.model_validate({"branches": [{"name": "a", "when": when}], "default": "other"})
    assert ROUTER.branches(config) == ("a", "other")
    assert ROUTER.reads(config) == ("inputs.tier", "nodes.plan.output")
    assert ROUTER.branch_sets(config) == (frozenset({"a"}), frozenset({"other"}))


def test_a_router_tells_which_branches_exclude_each_other() -> None:
    listed = {"branches": [{"name": name, "when": True} for name in "ab"]}
    sets = [ROUTER.branch_sets(ROUTER.config_model.model_validate(listed | more)) for more in ROUTES]
    assert sets == [({"a", "b"},), ({"a", "b"}, {"c"}), ({"a", "b"},), ({"a"}, {"b"}, {"c"})]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({}, "give one of 'value', 'field', 'all', 'any' and 'not'"),
        ({"value": 1, "field": "inputs.a", "equals": 1}, "give one of"),
        ({"value": 1}, "it compares with nothing"),
        ({"all": [True], "equals": 1}, "'equals' goes with 'value' or 'field'"),
        ({"all": []}, "at least 1 item"),
        ({"field": "inputs..a", "exists": True}, "pattern"),
        ({"value": 1, "regex": "("}, "not a regular expression"),
        ({"value": 1, "regex": "(" * 400 + ")" * 400}, "not a regular expression"),
        ({"value": 1, "regex": "a" * 1001}, "more than 1000 characters"),
        ("inputs.on", "write '{{ inputs.on }}' for an expression"),
        (3, "neither true nor false"),
        (["a"], "neither true nor false"),
    ],
)
def test_a_condition_that_says_nothing_is_refused(when: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ROUTER.config_model.model_validate({"branches": [{"name": "a", "when": when}]})


@pytest.mark.parametrize(
    "check",
    conformance(
        ROUTER,
        Case({"branches": [{"name": "a", "when": {"value": None, "equals": None}}], "default": "b"}, name="null"),
        Case({"branches": [{"name": "a", "when": {"not": {"field": "inputs.a", "in": [1]}}}]}, name="field"),
    ),
    ids=str,
)
def test_the_router_conforms(check: Check) -> None:
    check()


def test_two_branches_have_two_names() -> None:
    branch = {"name": "a", "when": True}
    with pytest.raises(ValidationError, match="stands twice"):
        ROUTER.config_model.model_validate({"branches": [branch, branch]})
