"""Calls of an execution as a table: those of a loop's iterations are one line for each node of its body."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cli.node_rows import folded_path, is_of_iteration

if TYPE_CHECKING:
    from storage.database.models import Call

Row = dict[str, Any]


def call_rows(calls: "Iterable[Call]") -> list[Row]:
    """Return a row for each call."""
    return [_row(call) for call in calls]


def folded_call_rows(calls: "Iterable[Call]") -> list[Row]:
    """Return a row for each call outside of loops, and one for all calls that a node of a body made to one model."""
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        name = folded_path(call.node_path) if is_of_iteration(call.node_path) else _name(call)
        groups.setdefault((name, call.model), []).append(call)
    return [_together(name, group) if "[*]" in name else _row(group[0]) for (name, _), group in groups.items()]


def _name(call: "Call") -> str:
    return f"{call.node_path}#{call.ordinal}"


def _row(call: "Call") -> Row:
    return {
        "call": _name(call),
        "model": call.model,
        "state": call.state.value,
        "sends": call.sends,
        "tokens_in": call.input_tokens,
        "tokens_out": call.output_tokens,
        "cost_usd": call.cost,
    }


def _together(name: str, group: "list[Call]") -> Row:
    states = Counter(call.state.value for call in group)
    return {
        "call": name,
        "model": group[0].model,
        "state": ", ".join(f"{count} {state}" for state, count in states.most_common()),
        "sends": sum(call.sends for call in group),
        "tokens_in": sum(call.input_tokens for call in group),
        "tokens_out": sum(call.output_tokens for call in group),
        "cost_usd": _sum([call.cost for call in group]),
    }


def _sum(costs: list[Decimal | None]) -> Decimal | None:
    """Add up; a sum that leaves out an unknown cost would be too low."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None
