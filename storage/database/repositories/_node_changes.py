"""Steps of node instances, as many at once as there are: one look, one write."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from storage.database.lease import Lease
from storage.database.models import NodeExecution
from storage.database.transitions import NodeStatus

ENDED = frozenset(
    {NodeStatus.COMPLETED, NodeStatus.CACHED, NodeStatus.SKIPPED, NodeStatus.FAILED, NodeStatus.CANCELLED}
)


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


@dataclass
class Rows:
    """The rows that a batch of changes moves, and those it made."""

    lease: Lease
    known: dict[str, NodeExecution]
    clock: Callable[[], datetime]
    made: set[str] = field(default_factory=set)
    """Paths of rows that are not written yet."""
    moved: set[str] = field(default_factory=set)
    """Paths of rows whose status is not written yet."""

    def takes(self, change: NodeChange) -> bool:
        """Tell whether the change can join those that wait to be written.

        The database checks each step of a row, and sees one a write; rows that are yet to be inserted take any.
        """
        return change.path not in self.moved or change.path in self.made

    def written(self) -> None:
        """All changes so far are in the database."""
        self.made.clear()
        self.moved.clear()

    def of(self, change: NodeChange) -> NodeExecution:
        """Return the row of a change, a new one where the change may make one; raises `NodeNotPlanned`."""
        row = self.known.get(change.path)
        if row is None:
            if not change.node_type:
                raise NodeNotPlanned(change.path)
            row = NodeExecution(
                id=uuid4(),
                execution_id=self.lease.execution_id,
                node_path=change.path,
                node_type=change.node_type,
                status=NodeStatus.PENDING,
                file_count=0,
                is_mocked=False,
            )
            self.known[change.path] = row
            self.made.add(change.path)
        row.fence = self.lease.fence
        return row

    def fill(self, row: NodeExecution, change: NodeChange) -> None:
        """Set what goes with the status; the status itself has a table of its own."""
        at = change.at or self.clock()
        if change.status is NodeStatus.RUNNING:
            row.node_key, row.prefect_task_run_id = change.node_key, change.task_run_id
            row.started_at, row.completed_at, row.error = at, None, None
        elif change.status in ENDED:
            row.completed_at, row.error = at, change.error
        if change.output is not None:
            _set_output(row, change.output)


def _set_output(row: NodeExecution, output: NodeOutput) -> None:
    row.output_key, row.output_digest = output.output_key, output.output_digest
    row.fragment_key, row.fragment_digest = output.fragment_key, output.fragment_digest
    row.file_count, row.is_mocked = output.file_count, output.is_mocked
    row.branches = None if output.branches is None else list(output.branches)
    row.node_key = output.node_key or row.node_key
