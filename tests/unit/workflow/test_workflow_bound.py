"""The worst case of a workflow: instances of nodes, and calls of models."""

from typing import Any

import pytest

from repomill.workflow.bound import Bound, bound
from repomill.workflow.spec import WorkflowSpec

NO_RETRY = {"attempts": 1}
CHOICE = {"branches": [{"name": "left", "when": True}, {"name": "right", "when": True}]}


def agent(name: str, repairs: int = 0, **options: Any) -> dict[str, Any]:
    config = {"source": "m", "prompt": "Hi", "max_tokens": 9, "repairs": repairs}
    return {"id": name, "type": "llm", "retry": NO_RETRY, "config": config, **options}


def loop(name: str, *nodes: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {"id": name, "type": "loop", "config": {"body": {"nodes": nodes}, "max_iterations": 10, **config}}


def bound_of(nodes: list[dict[str, Any]], edges: str = "") -> Bound:
    """Return the bound; edges as in `a>b r-left>c`."""
    stated = []
    for edge in edges.split():
        earlier, later = edge.split(">")
        earlier, _, branch = earlier.partition("-")
        stated.append({"from": earlier, "to": later, "branch": branch or None})
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": stated}
    return bound(WorkflowSpec.model_validate(document))


def test_every_node_counts_once_and_an_agent_calls_for_each_repair() -> None:
    assert bound_of([{"id": "a", "type": "input"}, agent("b", repairs=2)], "a>b") == Bound(2, 3)


def test_further_tries_count() -> None:
    assert bound_of([agent("a", repairs=1, retry={"attempts": 4})]) == Bound(1, 8)


def test_each_model_that_takes_the_place_of_another_is_one_call_more_of_a_try() -> None:
    asking = agent("a", repairs=1, retry={"attempts": 2})
    asking["config"] |= {"fallback": [{"source": "n"}, {"source": "m", "model": "small"}]}
    assert bound_of([asking]) == Bound(1, 2 * (1 + 1 + 2))


def test_a_loop_multiplies_what_is_inside() -> None:
    assert bound_of([loop("l", agent("a"), until=True)]) == Bound(11, 10)


def test_loops_within_loops_multiply() -> None:
    inner = loop("inner", agent("a", repairs=1), until=True, max_iterations=3)
    assert bound_of([loop("outer", inner, agent("b"), for_each="{{ inputs.x }}")]) == Bound(1 + 10 * 5, 10 * 7)


def test_a_list_in_the_specification_is_as_long_as_it_is() -> None:
    assert bound_of([loop("l", agent("a"), for_each=[1, 2])]) == Bound(3, 2)


@pytest.mark.parametrize(("choose", "expected"), [("first", Bound(4, 5)), ("all", Bound(5, 6))])
def test_of_branches_that_exclude_each_other_the_dearest_counts(choose: str, expected: Bound) -> None:
    router = {"id": "r", "type": "router", "config": CHOICE | {"choose": choose}}
    nodes = [router, agent("a"), agent("b", repairs=2), agent("c"), agent("join")]
    assert bound_of(nodes, "r-left>a r-right>b b>c a>join c>join") == expected


def test_choices_within_choices_are_followed() -> None:
    outer, inner = ({"id": name, "type": "router", "config": CHOICE | {"choose": "first"}} for name in ("r", "s"))
    nodes = [outer, inner, agent("a", 1), agent("b", 2), agent("c", 3)]
    assert bound_of(nodes, "r-left>a r-right>s s-left>b s-right>c") == Bound(3, 4)


def test_choices_one_after_the_other_add_up() -> None:
    first, then = ({"id": name, "type": "router", "config": CHOICE | {"choose": "first"}} for name in ("r", "s"))
    nodes = [first, agent("a", 1), agent("b"), then, agent("c", 2), agent("d")]
    assert bound_of(nodes, "r-left>a r-right>b a>s b>s s-left>c s-right>d") == Bound(4, 5)


def test_a_failure_and_what_follows_success_exclude_each_other() -> None:
    nodes = [agent("a", on_error="branch"), agent("b", 3), agent("c", 1)]
    assert bound_of(nodes, "a>b a-error>c") == Bound(2, 5)
