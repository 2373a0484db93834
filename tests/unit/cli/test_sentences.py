"""Events as sentences, as `run` and `execution logs` print them."""

from typing import Any

from cli.follow import sentence
from storage.database.models import Event


def said(kind: str, **payload: Any) -> str:
    return sentence(Event(kind=kind, node_path="each", payload=payload))


def test_a_loop_says_how_many_iterations_there_were_and_how_many_failed() -> None:
    assert said("node.completed", files=0, iterations=300, failed=1) == "each completed (iterations 300, failed 1)"


def test_a_router_names_the_branches_it_chose() -> None:
    assert said("node.completed", branches=["many", "green"]) == "each completed (branches many and green)"


def test_a_fixed_answer_is_said_so() -> None:
    assert said("node.completed", files=0, mocked=True) == "each completed (mocked)"
