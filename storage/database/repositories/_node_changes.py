"""Steps of node instances, as many at once as there are: one look, one write.

Rows are plain dictionaries here. Objects that a session looks after took four times the processor's time, and a node
that does little spent most of its time on them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import RowMapping

from storage.database.lease import Lease
from storage.database.transitions import NODE_TRANSITIONS, NodeStatus, check_transition

ENTITY: Final = "node execution"

ENDED = frozenset(
    {NodeStatus.COMPLETED, NodeStatus.CACHED, NodeStatus.SKIPPED, NodeStatus.FAILED, NodeStatus.CANCELLED}
)


MOVED: Final = (
    "status",
    "fence",
    "node_key",
    "output_key",
    "output_digest",
    "fragment_key",
    "fragment_digest",
    "file_count",
    "branches",
    "is_mocked",
    "error",
    "prefect_task_run_id",
    "started_at",
    "completed_at",
)
"""The columns that changes set."""


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """What a node left in the artefact store; `node_key` as in `Nodes.start`, for a node that never started."""

    output_key: str
    output_digest: str | None = None
    fragment_key: str | None = None
    fragment_digest: str | None = None
    file_count: int = 0
    node_key: str | None = None
    branches: tuple[str, ...] | None = None
    is_mocked: bool = False


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node instance takes a status.

    `node_type` makes the row of one that has none yet; `pending` changes nothing where there is one. `at` is when it
    happened, None for now; `node_key` and `task_run_id` belong to `running`.
    """

    path: str
    status: NodeStatus
    node_type: str = ""
    at: datetime | None = None
    node_key: str | None = None
    task_run_id: UUID | None = None
    output: NodeOutput | None = None
    error: dict[str, Any] | None = None


class NodeNotPlanned(Exception):  # a programming error, so outside the catalogue
    """A node was moved that was never written as pending."""


@dataclass(slots=True)
class NodeRow:
    """The columns of one row that changes set; `written` is its status in the database, None before it is there."""

    values: dict[str, Any]
    written: NodeStatus | None = None

    def takes(self, status: NodeStatus) -> bool:
        """Tell whether one write can bring the row to this status: the database checks writes, and sees no steps."""
        return self.written is None or status is self.written or status in NODE_TRANSITIONS[self.written]


@dataclass(frozen=True, slots=True)
class Note:
    """A change of status for the audit log; `before` is None for a new row."""

    row_id: UUID
    path: str
    before: NodeStatus | None
    after: NodeStatus


@dataclass
class Rows:
    """The rows that a batch of changes moves, by path, and what is to be noted of it."""

    lease: Lease
    clock: Callable[[], datetime]
    known: dict[str, NodeRow]
    notes: list[Note] = field(default_factory=list)
    _open: dict[str, NodeRow] = field(default_factory=dict)
    """Rows that differ from the database."""

    @classmethod
    def of(cls, lease: Lease, clock: Callable[[], datetime], found: Iterable[RowMapping]) -> "Rows":
        """Begin with the rows that are there."""
        return cls(lease, clock, {row["node_path"]: NodeRow(dict(row), row["status"]) for row in found})

    def must_be_written(self, change: NodeChange) -> bool:
        """Tell whether what is open has to reach the database before it can take this change."""
        return change.path in self._open and not self._open[change.path].takes(change.status)

    def take(self, change: NodeChange) -> None:
        """Take one step; raises `NodeNotPlanned` and `IllegalTransition`."""
        row = self.known.get(change.path) or self._new(change)
        self._open[change.path] = row
        row.values["fence"] = self.lease.fence
        if change.status is NodeStatus.PENDING:
            return
        before = row.values["status"]
        if before is not change.status:
            check_transition(ENTITY, before, change.status)
            self.notes.append(Note(row.values["id"], change.path, before, change.status))
        _fill(row.values, change, change.at or self.clock())

    def taken(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the rows to insert and those to update, and count them as written."""
        new = [row.values.copy() for row in self._open.values() if row.written is None]
        old = [row.values.copy() for row in self._open.values() if row.written is not None]
        for row in self._open.values():
            row.written = row.values["status"]
        self._open.clear()
        return new, old

    def _new(self, change: NodeChange) -> NodeRow:
        if not change.node_type:
            raise NodeNotPlanned(change.path)
        values: dict[str, Any] = dict.fromkeys(MOVED) | {
            "id": uuid4(),
            "node_path": change.path,
            "node_type": change.node_type,
            "execution_id": self.lease.execution_id,
            "status": NodeStatus.PENDING,
            "file_count": 0,
            "is_mocked": False,
        }
        row = self.known[change.path] = NodeRow(values)
        self.notes.append(Note(values["id"], change.path, None, NodeStatus.PENDING))
        return row


def _fill(values: dict[str, Any], change: NodeChange, at: datetime) -> None:
    """Set the status and what goes with it."""
    values["status"] = change.status
    if change.status is NodeStatus.RUNNING:
        values["node_key"], values["prefect_task_run_id"] = change.node_key, change.task_run_id
        values["started_at"], values["completed_at"], values["error"] = at, None, None
    elif change.status in ENDED:
        values["completed_at"], values["error"] = at, change.error
    if change.output is not None:
        _set_output(values, change.output)


def _set_output(values: dict[str, Any], output: NodeOutput) -> None:
    values |= {
        "output_key": output.output_key,
        "output_digest": output.output_digest,
        "fragment_key": output.fragment_key,
        "fragment_digest": output.fragment_digest,
        "file_count": output.file_count,
        "is_mocked": output.is_mocked,
        "branches": None if output.branches is None else list(output.branches),
        "node_key": output.node_key or values["node_key"],
    }
