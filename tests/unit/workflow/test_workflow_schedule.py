"""Schedules: what starts, what is pruned, and what an edge's branch has to do with it."""

from typing import Any

import pytest

from repomill.workflow.plan import Plan, plan
from repomill.workflow.schedule import Schedule
from repomill.workflow.spec import WorkflowSpec

FILES = {"files": [{"path": "a.txt", "content": "x"}]}


def plan_of(edges: str, **nodes: dict[str, Any]) -> Plan:
    """Make a plan of `a>b a-left>c`; `nodes` says what is special about a node, all others are of kind `input`."""
    stated: list[dict[str, Any]] = []
    for edge in edges.split():
        earlier, later = edge.split(">")
        earlier, _, branch = earlier.partition("-")
        stated.append({"from": earlier, "to": later, **({"branch": branch} if branch else {})})
    ids = dict.fromkeys([*(edge[end] for edge in stated for end in ("from", "to")), *nodes])
    listed = [{"id": name, "type": "input"} | nodes.get(name, {}) for name in ids]
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": listed, "edges": stated}
    return plan(WorkflowSpec.model_validate(document))


def started(edges: str, **nodes: dict[str, Any]) -> Schedule:
    """Begin a run and hand out its first nodes."""
    schedule = plan_of(edges, **nodes).schedule()
    schedule.ready()
    return schedule


def test_nodes_become_ready_when_all_they_wait_for_is_done() -> None:
    schedule = plan_of("a>b a>c b>d c>d").schedule()
    assert schedule.ready() == ("a",)
    schedule.done("a")
    assert schedule.ready() == ("b", "c")
    schedule.done("b")
    assert schedule.ready() == ()
    schedule.done("c")
    assert schedule.ready() == ("d",)
    assert schedule.active
    schedule.done("d")
    assert not schedule.active


def test_only_the_chosen_branches_go_on() -> None:
    schedule = started("r-left>a r-right>b r-other>c r>always")
    schedule.done("r", ("left", "other"))
    assert schedule.ready() == ("a", "c", "always")
    assert schedule.pruned() == ("b",)
    assert schedule.pruned() == ()


def test_a_branch_is_pruned_to_its_end_in_the_plans_order() -> None:
    schedule = started("r-left>a r-right>b b>c c>d")
    schedule.done("r", ("left",))
    assert schedule.pruned() == ("b", "c", "d")


def test_a_join_starts_with_one_live_edge_when_the_others_are_dead() -> None:
    schedule = started("r-left>a r-right>b a>join b>join")
    schedule.done("r", ("left",))
    assert schedule.ready() == ("a",)
    schedule.done("a")
    assert schedule.ready() == ("join",)


def test_a_join_waits_for_every_edge_that_may_still_live() -> None:
    schedule = started("a>join r-left>join")
    schedule.done("r", ())
    assert schedule.ready() == ()
    schedule.done("a")
    assert schedule.ready() == ("join",)


def test_a_join_without_a_live_edge_is_pruned() -> None:
    schedule = started("r-left>a r-right>b a>join b>join")
    schedule.done("r", ())
    assert schedule.pruned() == ("a", "b", "join")
    assert not schedule.active


def test_two_branches_may_lead_to_one_node() -> None:
    schedule = started("r-left>a r-right>a")
    schedule.done("r", ("right",))
    assert schedule.ready() == ("a",)


def test_a_node_that_is_skipped_leads_nowhere() -> None:
    schedule = started("a>b b>c")
    schedule.skip("a")
    assert schedule.pruned() == ("b", "c")
    assert not schedule.active


def test_a_node_without_branches_takes_its_plain_edges() -> None:
    schedule = started("a>b a-error>c", a={"on_error": "branch"})
    schedule.done("a")
    assert (schedule.ready(), schedule.pruned()) == (("b",), ("c",))


def test_a_failed_node_takes_its_error_branch_and_no_other() -> None:
    schedule = started("a>b a-error>c b>d c>d", a={"on_error": "branch"})
    schedule.failed("a")
    assert (schedule.ready(), schedule.pruned()) == (("c",), ("b",))
    schedule.done("c")
    assert schedule.ready() == ("d",)


def test_a_node_that_may_fail_goes_on_as_if_it_had_not() -> None:
    schedule = started("a>b", a={"on_error": "continue"})
    schedule.failed("a")
    assert schedule.ready() == ("b",)


def test_a_node_that_must_not_fail_has_no_way_on() -> None:
    with pytest.raises(ValueError, match="does not go on"):
        started("a>b").failed("a")


def test_no_router_can_choose_the_error_branch() -> None:
    schedule = started("a-error>b", a={"on_error": "branch"})
    schedule.done("a", ("error",))
    assert schedule.pruned() == ("b",)


def test_publishing_waits_for_writers_and_does_not_depend_on_them() -> None:
    publish = {"type": "repo_creation", "config": {"to": "zip"}}
    schedule = started("r-left>w", w={"type": "file_generation", "config": FILES}, out=publish)
    assert schedule.active
    schedule.done("r", ())
    assert (schedule.pruned(), schedule.ready()) == (("w",), ("out",))


def test_a_publishing_node_on_a_dead_branch_is_pruned_at_once() -> None:
    publish = {"type": "repo_creation", "config": {"to": "zip"}}
    schedule = started("r-left>out", w={"type": "file_generation", "config": FILES}, out=publish)
    schedule.done("r", ())
    assert schedule.pruned() == ("out",)
    schedule.done("w")
    assert (schedule.ready(), schedule.active) == ((), False)


def test_a_node_ends_once_and_only_after_it_was_handed_out() -> None:
    schedule = plan_of("a>b").schedule()
    with pytest.raises(ValueError, match="not handed out"):
        schedule.done("a")
    schedule.ready()
    schedule.done("a")
    with pytest.raises(ValueError, match="ended already"):
        schedule.skip("a")


def test_two_runs_of_one_plan_do_not_touch_each_other() -> None:
    made = plan_of("a>b")
    first, second = made.schedule(), made.schedule()
    first.ready()
    first.done("a")
    assert second.ready() == ("a",)


def test_a_long_chain_is_pruned_without_running_out_of_stack() -> None:
    schedule = started(" ".join(f"n{number}>n{number + 1}" for number in range(3000)))
    schedule.skip("n0")
    assert len(schedule.pruned()) == 3000
