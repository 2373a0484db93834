"""Paths of node instances: made, taken apart, and in the order of the plan."""

import pytest

from repomill.workflow.instances import Step, instance_path, node_path, parse_instance_path


def test_an_instance_is_named_by_its_loop_its_iteration_and_its_node() -> None:
    assert instance_path("modules", 3, "write") == "modules[3].write"


def test_loops_within_loops_nest_in_the_path() -> None:
    inner = instance_path("outer", 2, "inner")
    assert instance_path(inner, 0, "write") == "outer[2].inner[0].write"


def test_a_path_is_taken_apart_into_nodes_and_iterations() -> None:
    assert parse_instance_path("outer[2].inner[10].write") == (Step("outer", 2), Step("inner", 10), Step("write"))
    assert parse_instance_path("write") == (Step("write"),)
    assert parse_instance_path("outer[2]") == (Step("outer", 2),)


def test_all_iterations_of_a_node_have_one_node_path() -> None:
    assert node_path("outer[2].inner[0].write") == node_path("outer[7].inner[1].write") == ("outer", "inner", "write")


@pytest.mark.parametrize("text", ["", "a..b", "a[x].b", "a[-1].b", "a[01].b", "a.b", "a[0]b", "[0].a", "a[0][1].b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"instance|iteration"):
        parse_instance_path(text)
