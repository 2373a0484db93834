"""Expressions that need outputs of several nodes: a fault where these never all have one, and nothing else is."""

import json
from typing import Any

import pytest

from repomill.errors import WorkflowInvalid
from repomill.workflow.faults import Fault
from repomill.workflow.validation import validate

NODES = "xyz"


def faults(expression: str, *, choose: str = "first", default: bool = False, when: str = "", **more: Any) -> list[str]:
    """Return the codes of a join behind three branches; `more` are further configuration values."""
    listed = [{"name": name, "when": True} for name in (NODES[:2] if default else NODES)]
    route = {"choose": choose, "branches": listed, **({"default": "z"} if default else {})}
    tables = [{"id": name, "type": "aggregator", "config": {"mode": "table", "table": []}} for name in NODES]
    join = {"id": "join", "type": "input", "config": {"values": {"value": expression, **more}}}
    nodes = [{"id": "r", "type": "router", "config": route}, *tables, join | ({"when": when} if when else {})]
    edges = [{"from": "r", "to": name, "branch": name} for name in NODES]
    edges += [{"from": name, "to": "join"} for name in NODES]
    document = {"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": edges}
    try:
        validate(json.dumps(document), "spec.json")
    except WorkflowInvalid as error:
        return [fault.code for fault in error.faults if isinstance(fault, Fault)]
    return []


X, Y, Z = (f"nodes.{name}.output.row_count" for name in NODES)
SUM = f"{{{{ {X} + {Y} }}}}"


def test_parts_of_two_outputs_of_which_one_is_always_null_are_a_fault() -> None:
    assert faults(SUM) == ["never_together"]


def test_they_may_stand_in_several_strings_of_one_node() -> None:
    assert faults(f"{{{{ {X} }}}}", other=f"{{{{ {Y} }}}}") == ["never_together"]
    assert faults(f"{{{{ {X} }}}}", when=f"{{{{ {Y} > 1 }}}}") == ["never_together"]


def test_a_node_that_is_turned_off_needs_nothing() -> None:
    assert faults(SUM, when="false") == []


def test_each_that_cannot_be_there_is_told_once() -> None:
    assert faults(f"{{{{ {X} }}}} {{{{ {Y} }}}} {{{{ {Y} }}}} {{{{ {Z} }}}}") == ["never_together"] * 2


def test_branches_that_may_be_taken_together_exclude_nothing_but_the_default() -> None:
    assert faults(SUM, choose="all") == []
    assert faults(SUM, choose="all", default=True) == []
    assert faults(f"{{{{ {X} + {Z} }}}}", choose="all", default=True) == ["never_together"]


@pytest.mark.parametrize(
    "expression",
    [
        f"{{{{ {X} }}}}",
        f"{{{{ {X} | default(0) + {Y} }}}}",
        f"{{{{ {X} if nodes.x.status == 'completed' else {Y} }}}}",
        f"{{% if nodes.x.output %}}{{{{ {X} }}}}{{% else %}}{{{{ {Y} }}}}{{% endif %}}",
        f"{{{{ nodes.x.output and {X} }}}} {{{{ nodes.y.output and {Y} }}}}",
        "{{ nodes.x.output or nodes.y.output }}",
        "{{ [nodes.x.output, nodes.y.output] }}",
        "{{ nodes.x.status }} {{ nodes.y.status }}",
    ],
)
def test_who_copes_with_null_may_name_both(expression: str) -> None:
    assert faults(expression) == []
