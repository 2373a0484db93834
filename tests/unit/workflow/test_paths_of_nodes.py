"""Validation holds literal paths of several nodes to the rules that the tree has for them when it is made."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.errors import UnsafeTree, WorkflowInvalid
from repomill.trees.paths import check_paths
from repomill.workflow.faults import Fault
from repomill.workflow.validation import validate

BRANCHES = 1_000


def writer(name: str, *paths: str) -> dict[str, Any]:
    files = [{"path": path, "content": "x"} for path in paths]
    return {"id": name, "type": "file_generation", "config": {"files": files}}


def router(name: str, *branches: str) -> dict[str, Any]:
    choices = [{"name": branch, "when": True} for branch in branches]
    return {"id": name, "type": "router", "config": {"choose": "first", "branches": choices}}


def codes(nodes: list[dict[str, Any]], edges: str = "") -> list[str]:
    """Return the codes of the faults; edges as in `a>b r-left>c`."""
    stated = []
    for edge in edges.split():
        earlier, later = edge.split(">")
        earlier, _, branch = earlier.partition("-")
        stated.append({"from": earlier, "to": later, **({"branch": branch} if branch else {})})
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": stated}
    try:
        validate(json.dumps(document), "spec.json")
    except WorkflowInvalid as error:
        return [fault.code for fault in error.faults if isinstance(fault, Fault)]
    return []


PATHS = st.lists(st.sampled_from(["a", "A", "b", "ß", "SS", "ss"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(PATHS, min_size=1, max_size=5), st.booleans())
def test_nodes_that_all_run_may_write_what_one_tree_can_have(paths: list[str], by_one: bool) -> None:
    nodes = [writer("n", *paths)] if by_one else [writer(f"n{at}", path) for at, path in enumerate(paths)]
    try:
        check_paths(paths)
    except UnsafeTree:
        assert {"paths_clash", "path_written_twice"} & set(codes(nodes))
    else:
        assert codes(nodes) == []


@pytest.mark.parametrize("paths", [("a.md", "a.md"), ("a.md", "A.md"), ("src", "src/x"), ("src/x", "Src/y")])
def test_paths_of_nodes_on_exclusive_branches_do_not_clash(paths: tuple[str, str]) -> None:
    nodes = [router("r", "left", "right"), *map(writer, ("a", "b"), paths)]
    assert codes(nodes, "r-left>a r-right>b") == []
    assert len(codes(nodes, "r-left>a r-right>b r-left>b")) == 1


def test_names_that_clash_only_when_two_nodes_both_run_are_left_to_the_run() -> None:
    file, below = writer("a", "config"), writer("b", "config/x")
    apart = [file | {"when": "{{ inputs.x }}"}, below | {"when": "{{ not inputs.x }}"}]
    assert "paths_clash" not in codes(apart)
    assert "paths_clash" in codes([file | {"when": True}, below])


def test_choices_within_choices_are_followed() -> None:
    nodes = [router("r", "left", "right"), router("s", "left", "right"), *(writer(name, "p") for name in "abc")]
    edges = "r-left>a r-right>s s-left>b s-right>c"
    assert codes(nodes, edges) == []
    assert codes([*nodes, writer("d", "p")], f"{edges} b>d") == ["path_written_twice"]


def test_a_path_after_a_failure_does_not_clash_with_one_after_success() -> None:
    nodes = [{"id": "a", "type": "input", "on_error": "branch"}, writer("b", "p"), writer("c", "p")]
    assert codes(nodes, "a>b a-error>c") == []


def test_a_thousand_branches_that_write_one_path_are_validated_before_the_tests_timeout() -> None:
    """Compared pair by pair they took most of an hour."""
    names = [f"b{at}" for at in range(BRANCHES)]
    nodes = [router("r", *names), *(writer(f"n{at}", "README.md") for at in range(BRANCHES))]
    assert codes(nodes, " ".join(f"r-b{at}>n{at}" for at in range(BRANCHES))) == []


def test_a_thousand_choices_within_each_other_are_validated_before_the_tests_timeout() -> None:
    choices = [router(f"r{at}", "left", "right") for at in range(BRANCHES)]
    nodes = [*choices, *(writer(f"n{at}", "README.md") for at in range(BRANCHES))]
    edges = [f"r{at}-left>n{at}" for at in range(BRANCHES)]
    inner = [f"r{at}-right>r{at + 1}" for at in range(BRANCHES - 1)]
    assert codes(nodes, " ".join([*edges, *inner])) == []
