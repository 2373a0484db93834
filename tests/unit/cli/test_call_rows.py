"""Calls as rows: those of iterations folded, their figures added up."""

from decimal import Decimal
from typing import Any

from cli.call_rows import call_rows, folded_call_rows
from repomill.calls.ledger import CallState
from storage.database.models import Call


def call(path: str, ordinal: int = 1, **more: Any) -> Call:
    facts = {"model": "small", "state": CallState.SETTLED, "sends": 1, "input_tokens": 10, "output_tokens": 5}
    return Call(node_path=path, ordinal=ordinal, **{**facts, "cost": Decimal("0.5"), **more})


def test_every_call_has_a_row() -> None:
    found = call_rows([call("plan"), call("each[0].a"), call("each[1].a", 2)])
    assert [row["call"] for row in found] == ["plan#1", "each[0].a#1", "each[1].a#2"]


def test_calls_of_all_iterations_are_one_row_with_sums() -> None:
    calls = [call("each[0].a"), call("each[0].a", 2, sends=2), call("each[1].a", state=CallState.UNCERTAIN)]
    [plan, body] = folded_call_rows([call("plan"), *calls])
    assert (plan["call"], plan["state"]) == ("plan#1", "settled")
    assert (body["call"], body["state"], body["sends"]) == ("each[*].a", "2 settled, 1 uncertain", 4)
    assert (body["tokens_in"], body["tokens_out"], body["cost_usd"]) == (30, 15, Decimal("1.5"))


def test_models_are_told_apart() -> None:
    found = folded_call_rows([call("each[0].a"), call("each[1].a", model="large")])
    assert [row["model"] for row in found] == ["small", "large"]


def test_a_sum_with_an_unknown_cost_is_unknown() -> None:
    [row] = folded_call_rows([call("each[0].a"), call("each[1].a", cost=None)])
    assert row["cost_usd"] is None


def test_calls_of_one_node_outside_loops_stay_apart() -> None:
    assert [row["call"] for row in folded_call_rows([call("plan"), call("plan", 2)])] == ["plan#1", "plan#2"]
