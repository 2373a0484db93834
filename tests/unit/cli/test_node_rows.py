"""Node instances as rows: natural order, and iterations folded."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.node_rows import folded_rows, is_of_iteration, rows
from storage.database.models import NodeExecution
from storage.database.transitions import NodeStatus

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def node(path: str, status: str = "completed", second: int = 0, **more: Any) -> NodeExecution:
    at = NOON + timedelta(seconds=second)
    facts = {"node_type": "llm", "file_count": 1, "is_mocked": False, "started_at": at, "completed_at": at}
    return NodeExecution(node_path=path, status=NodeStatus(status), **{**facts, **more})


def test_iteration_ten_comes_after_nine() -> None:
    paths = ["each[10].a", "each[9].a", "each", "after", "each[9].inner[2].b", "each[9].inner[11].b"]
    assert [row["node"] for row in rows(map(node, paths))] == [
        "after", "each", "each[9].a", "each[9].inner[2].b", "each[9].inner[11].b", "each[10].a",
    ]  # fmt: skip


def test_iterations_of_a_node_are_one_row_with_counts() -> None:
    nodes = [node("each"), *(node(f"each[{number}].a", second=number) for number in range(3))]
    [loop, body] = folded_rows([*nodes, node("each[3].a", "failed", 9, error={"message": "no"})])
    assert (loop["node"], loop["status"], loop["files"]) == ("each", "completed", 1)
    assert (body["node"], body["status"], body["files"]) == ("each[*].a", "3 completed, 1 failed", 4)
    assert (body["started"], body["completed"]) == (NOON, NOON + timedelta(seconds=9))
    assert body["error"] == "no"


def test_what_never_began_has_no_times() -> None:
    [row] = folded_rows([node("each[0].a", "pending", started_at=None, completed_at=None)])
    assert (row["started"], row["completed"]) == (None, None)


def test_a_fixed_answer_is_marked() -> None:
    assert rows([node("a", is_mocked=True)])[0]["status"] == "completed (mocked)"


def test_only_paths_through_loops_are_of_iterations() -> None:
    assert [is_of_iteration(path) for path in ("each", None, "each[0].a")] == [False, False, True]
