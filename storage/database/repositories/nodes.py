"""Node instances of executions; every write names the lease it is made under."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from storage.database.lease import Lease
from storage.database.models import AuditEntry, Execution, NodeExecution
from storage.database.repositories._leases import Leases
from storage.database.repositories._node_changes import NodeChange, NodeNotPlanned, NodeOutput, Rows
from storage.database.repositories.base import Repository
from storage.database.transitions import NodeStatus, check_transition

__all__ = ["NodeChange", "NodeNotPlanned", "NodeOutput", "Nodes"]

ENTITY = "node execution"

PATHS_A_QUERY = 500
"""Databases bound the values of one statement."""

_HAS_OUTPUT = (NodeStatus.COMPLETED, NodeStatus.CACHED)
_OPEN = (NodeStatus.PENDING, NodeStatus.RUNNING, NodeStatus.SUSPENDED)


class Nodes(Repository):
    """The states of an execution's nodes; a path is unique within its execution (`loop[3].write`).

    Every method that writes raises `OwnershipLost`, `IllegalTransition` where the node's status does not allow it, and
    `NodeNotPlanned` for a node without a row.
    """

    def list(self, execution_id: UUID, *, iterations: bool = True) -> Sequence[NodeExecution]:
        """Return the nodes that were planned, by path; without `iterations` those outside of loops only."""
        query = select(NodeExecution).where(NodeExecution.execution_id == execution_id)
        if not iterations:
            query = query.where(NodeExecution.node_path.not_like("%[%"))
        return self._session.scalars(query.order_by(NodeExecution.node_path)).all()

    def get(self, execution_id: UUID, path: str) -> NodeExecution | None:
        """Return one node's row, None before it was planned."""
        query = select(NodeExecution).where(NodeExecution.execution_id == execution_id, NodeExecution.node_path == path)
        return self._session.scalars(query).one_or_none()

    def results(self, root_id: UUID) -> Sequence[NodeExecution]:
        """Return every node of the root's executions whose output is stored, the newest of equal keys last."""
        query = _with_results(Execution.root_id == root_id)
        return self._session.scalars(query.order_by(NodeExecution.completed_at, NodeExecution.id)).all()

    def find_result(self, node_key: str, root_id: UUID | None = None) -> NodeExecution | None:
        """Return the newest node with this key whose output is stored, of the organisation or of one root."""
        query = _with_results(NodeExecution.node_key == node_key)
        if root_id is not None:
            query = query.where(Execution.root_id == root_id)
        newest = query.order_by(NodeExecution.completed_at.desc(), NodeExecution.id)
        return self._session.scalars(newest.limit(1)).one_or_none()

    def apply(self, lease: Lease, changes: Sequence[NodeChange]) -> Sequence[NodeExecution]:
        """Take many steps at once, in this order, and return the row of each."""
        self._leases().guard(lease)
        known = {row.node_path: row for row in self._rows(lease.execution_id, {change.path for change in changes})}
        rows = Rows(lease, known, self._clock)
        moved = [self._take(rows, change) for change in changes]
        self._session.flush()
        return moved

    def plan(self, lease: Lease, types: Mapping[str, str]) -> None:
        """Write a pending node for every path that has none; `types` are node types by path."""
        self.apply(lease, [NodeChange(path, NodeStatus.PENDING, node_type) for path, node_type in types.items()])

    def start(
        self, lease: Lease, path: str, node_key: str | None = None, task_run_id: UUID | None = None
    ) -> NodeExecution:
        """The node runs, for the first time or again, under this node key (a digest) and Prefect task run."""
        return self._one(lease, NodeChange(path, NodeStatus.RUNNING, node_key=node_key, task_run_id=task_run_id))

    def complete(self, lease: Lease, path: str, output: NodeOutput) -> NodeExecution:
        """The node is done."""
        return self._one(lease, NodeChange(path, NodeStatus.COMPLETED, output=output))

    def cached(self, lease: Lease, path: str, output: NodeOutput) -> NodeExecution:
        """The node need not run: its output of an earlier time is used."""
        return self._one(lease, NodeChange(path, NodeStatus.CACHED, output=output))

    def fail(self, lease: Lease, path: str, error: dict[str, Any]) -> NodeExecution:
        """The node ended with an error."""
        return self._one(lease, NodeChange(path, NodeStatus.FAILED, error=error))

    def skip(self, lease: Lease, path: str) -> NodeExecution:
        """The node is not on a chosen branch."""
        return self._one(lease, NodeChange(path, NodeStatus.SKIPPED))

    def cancel(self, lease: Lease, path: str) -> NodeExecution:
        """The node was stopped, or never got its turn."""
        return self._one(lease, NodeChange(path, NodeStatus.CANCELLED))

    def cancel_open(self, lease: Lease) -> None:
        """Every node that has not ended was stopped, or never got its turn."""
        query = select(NodeExecution.node_path).where(
            NodeExecution.execution_id == lease.execution_id, NodeExecution.status.in_(_OPEN)
        )
        paths = self._session.scalars(query).all()
        self.apply(lease, [NodeChange(path, NodeStatus.CANCELLED) for path in paths])

    def suspend(self, lease: Lease, path: str) -> NodeExecution:
        """The node waits for a person."""
        return self._one(lease, NodeChange(path, NodeStatus.SUSPENDED))

    def _leases(self) -> Leases:
        return Leases(self._session, self._scope, self._clock)

    def _one(self, lease: Lease, change: NodeChange) -> NodeExecution:
        return self.apply(lease, [change])[0]

    def _rows(self, execution_id: UUID, paths: Iterable[str]) -> Iterator[NodeExecution]:
        asked = sorted(paths)
        for start in range(0, len(asked), PATHS_A_QUERY):
            among = NodeExecution.node_path.in_(asked[start : start + PATHS_A_QUERY])
            query = select(NodeExecution).where(NodeExecution.execution_id == execution_id, among)
            yield from self._session.scalars(query)

    def _take(self, rows: Rows, change: NodeChange) -> NodeExecution:
        if not rows.takes(change):
            self._session.flush()
            rows.written()
        is_new = change.path not in rows.known
        row = rows.of(change)
        if is_new:
            self._session.add(row)
            self._note(row, "create", None, NodeStatus.PENDING, {})
        if change.status is not NodeStatus.PENDING:
            self._move(rows, row, change)
        return row

    def _move(self, rows: Rows, row: NodeExecution, change: NodeChange) -> None:
        before = row.status
        if before is not change.status:
            check_transition(ENTITY, before, change.status)
            self._note(row, "status", before, change.status, {"node_path": row.node_path})
        rows.fill(row, change)
        row.status = change.status
        rows.moved.add(change.path)

    def _note(
        self, row: NodeExecution, action: str, before: NodeStatus | None, after: NodeStatus, detail: dict[str, Any]
    ) -> None:
        """Write to the audit log, together with the change."""
        entry = AuditEntry(user_id=self._scope.user_id, action=action, entity=ENTITY, entity_id=row.id)
        entry.before, entry.after = before.value if before else None, after.value
        entry.detail, entry.at = detail, self._clock()
        self._session.add(entry)


def _with_results(condition: ColumnElement[bool]) -> Select[NodeExecution]:
    query = select(NodeExecution).join(Execution, Execution.id == NodeExecution.execution_id)
    return query.where(condition, NodeExecution.status.in_(_HAS_OUTPUT))
