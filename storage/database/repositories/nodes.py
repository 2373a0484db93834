"""Node instances of executions; every write names the lease it is made under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from storage.database.lease import Lease
from storage.database.models import Execution, NodeExecution
from storage.database.repositories._leases import Leases
from storage.database.repositories.base import Repository
from storage.database.transitions import NodeStatus

ENTITY = "node execution"

_HAS_OUTPUT = (NodeStatus.COMPLETED, NodeStatus.CACHED)


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """What a node left in the artefact store; `node_key` as in `Nodes.start`, for a node that never started."""

    output_key: str
    output_digest: str | None = None
    fragment_key: str | None = None
    fragment_digest: str | None = None
    file_count: int = 0
    node_key: str | None = None


class NodeNotPlanned(Exception):  # a programming error, so outside the catalogue
    """A node was moved that was never written as pending."""


class Nodes(Repository):
    """The states of an execution's nodes; a path is unique within its execution (`loop[3].write`).

    A node is planned first. Every method that writes raises `OwnershipLost`, and `IllegalTransition` where the
    node's status does not allow it.
    """

    def list(self, execution_id: UUID) -> Sequence[NodeExecution]:
        """Return the nodes that were planned, by path."""
        query = select(NodeExecution).where(NodeExecution.execution_id == execution_id)
        return self._session.scalars(query.order_by(NodeExecution.node_path)).all()

    def get(self, execution_id: UUID, path: str) -> NodeExecution | None:
        """Return one node's row, None before it was planned."""
        query = select(NodeExecution).where(NodeExecution.execution_id == execution_id, NodeExecution.node_path == path)
        return self._session.scalars(query).one_or_none()

    def find_result(self, root_id: UUID, node_key: str) -> NodeExecution | None:
        """Return the newest node with this key, of any execution of the root, whose output is stored."""
        query = (
            select(NodeExecution)
            .join(Execution, Execution.id == NodeExecution.execution_id)
            .where(Execution.root_id == root_id, NodeExecution.node_key == node_key)
            .where(NodeExecution.status.in_(_HAS_OUTPUT))
            .order_by(NodeExecution.completed_at.desc(), NodeExecution.id)
        )
        return self._session.scalars(query.limit(1)).one_or_none()

    def plan(self, lease: Lease, types: Mapping[str, str]) -> None:
        """Write a pending node for every path that has none; `types` are node types by path."""
        self._leases().guard(lease)
        known = {row.node_path for row in self.list(lease.execution_id)}
        for path, node_type in types.items():
            if path not in known:
                self._plan_one(lease, path, node_type)

    def start(
        self, lease: Lease, path: str, node_key: str | None = None, task_run_id: UUID | None = None
    ) -> NodeExecution:
        """The node runs, for the first time or again, under this node key (a digest) and Prefect task run."""
        row = self._fenced(lease, path)
        row.node_key, row.prefect_task_run_id = node_key, task_run_id
        row.started_at, row.completed_at, row.error = self._clock(), None, None
        return self._move(row, NodeStatus.RUNNING)

    def complete(self, lease: Lease, path: str, output: NodeOutput) -> NodeExecution:
        """The node is done."""
        return self._end(_with_output(self._fenced(lease, path), output), NodeStatus.COMPLETED)

    def cached(self, lease: Lease, path: str, output: NodeOutput) -> NodeExecution:
        """The node need not run: its output of an earlier time is used."""
        return self._end(_with_output(self._fenced(lease, path), output), NodeStatus.CACHED)

    def fail(self, lease: Lease, path: str, error: dict[str, Any]) -> NodeExecution:
        """The node ended with an error."""
        return self._end(self._fenced(lease, path), NodeStatus.FAILED, error)

    def skip(self, lease: Lease, path: str) -> NodeExecution:
        """The node is not on a chosen branch."""
        return self._end(self._fenced(lease, path), NodeStatus.SKIPPED)

    def cancel(self, lease: Lease, path: str) -> NodeExecution:
        """The node was stopped, or never got its turn."""
        return self._end(self._fenced(lease, path), NodeStatus.CANCELLED)

    def suspend(self, lease: Lease, path: str) -> NodeExecution:
        """The node waits for a person."""
        return self._move(self._fenced(lease, path), NodeStatus.SUSPENDED)

    def _leases(self) -> Leases:
        return Leases(self._session, self._scope, self._clock)

    def _fenced(self, lease: Lease, path: str) -> NodeExecution:
        self._leases().guard(lease)
        row = self.get(lease.execution_id, path)
        if row is None:
            raise NodeNotPlanned(path)
        row.fence = lease.fence
        return row

    def _plan_one(self, lease: Lease, path: str, node_type: str) -> None:
        row = NodeExecution(execution_id=lease.execution_id, node_path=path, node_type=node_type)
        row.status, row.fence = NodeStatus.PENDING, lease.fence
        self._add(row)
        self._created(ENTITY, row.id, row.status)

    def _end(self, row: NodeExecution, status: NodeStatus, error: dict[str, Any] | None = None) -> NodeExecution:
        row.completed_at, row.error = self._clock(), error
        return self._move(row, status)

    def _move(self, row: NodeExecution, status: NodeStatus) -> NodeExecution:
        self._change_status(ENTITY, row, status, node_path=row.node_path)
        self._session.flush()
        return row


def _with_output(row: NodeExecution, output: NodeOutput) -> NodeExecution:
    row.output_key, row.output_digest = output.output_key, output.output_digest
    row.fragment_key, row.fragment_digest = output.fragment_key, output.fragment_digest
    row.file_count = output.file_count
    row.node_key = output.node_key or row.node_key
    return row
