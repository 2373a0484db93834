"""Node instances as a table: in natural order, iterations of a loop folded into one line for each node of its body."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.database.models import NodeExecution

Row = dict[str, Any]

_INDEX = re.compile(r"\[\d+\]")


def in_natural_order(nodes: "Iterable[NodeExecution]") -> "list[NodeExecution]":
    """Sort by path, with iteration 10 after 9."""
    return sorted(nodes, key=lambda node: [int(part) if part.isdigit() else part for part in _parts(node.node_path)])


def rows(nodes: "Iterable[NodeExecution]") -> list[Row]:
    """Return a row for each instance."""
    return [_row(node) for node in in_natural_order(nodes)]


def folded_rows(nodes: "Iterable[NodeExecution]") -> list[Row]:
    """Return a row for each node, `each[*].write` for all iterations together, with how many are in which state."""
    groups: dict[str, list[NodeExecution]] = {}
    for node in in_natural_order(nodes):
        groups.setdefault(folded_path(node.node_path), []).append(node)
    return [_row(group[0]) if path == group[0].node_path else _together(path, group) for path, group in groups.items()]


def folded_path(path: str) -> str:
    """Return the path that stands for all iterations."""
    return _INDEX.sub("[*]", path)


def is_of_iteration(path: str | None) -> bool:
    """Tell whether a path names an instance within a loop."""
    return path is not None and _INDEX.search(path) is not None


def _parts(path: str) -> list[str]:
    """Split so that text and numbers alternate, beginning with text."""
    return re.split(r"(?<=\[)(\d+)(?=\])", path)


def _row(node: "NodeExecution") -> Row:
    return {
        "node": node.node_path,
        "type": node.node_type,
        "status": f"{node.status.value} (mocked)" if node.is_mocked else node.status.value,
        "files": node.file_count,
        "started": node.started_at,
        "completed": node.completed_at,
        "error": (node.error or {}).get("message"),
    }


def _together(path: str, group: "list[NodeExecution]") -> Row:
    counts = Counter(node.status.value for node in group)
    return {
        "node": path,
        "type": group[0].node_type,
        "status": ", ".join(f"{count} {status}" for status, count in counts.most_common()),
        "files": sum(node.file_count for node in group),
        "started": _first(node.started_at for node in group),
        "completed": _last(node.completed_at for node in group),
        "error": next((row["error"] for row in map(_row, group) if row["error"]), None),
    }


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)


def _last(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)
