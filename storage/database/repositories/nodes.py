"""Node instances of executions; every write names the lease it is made under."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, select

from storage.database.lease import Lease
from storage.database.models import AuditEntry, Execution, NodeExecution
from storage.database.repositories._leases import Leases
from storage.database.repositories._many import insert_all, update_all
from storage.database.repositories._node_changes import (
    ENTITY,
    MOVED,
    NodeChange,
    NodeNotPlanned,
    NodeOutput,
    Note,
    Rows,
)
from storage.database.repositories.base import Repository
from storage.database.transitions import NodeStatus

__all__ = ["NodeChange", "NodeNotPlanned", "NodeOutput", "Nodes"]

PATHS_A_QUERY = 500
"""Databases bound the values of one statement."""

_HAS_OUTPUT = (NodeStatus.COMPLETED, NodeStatus.CACHED)
_OPEN = (NodeStatus.PENDING, NodeStatus.RUNNING, NodeStatus.SUSPENDED)

_KNOWN = select(*(getattr(NodeExecution, name) for name in ("id", "node_path", *MOVED)))


class Nodes(Repository):
    """The states of an execution's nodes; a path is unique within its execution (`loop[3].write`).

    Every method that writes raises `OwnershipLost`, `IllegalTransition` where the node's status does not allow it, and
    `NodeNotPlanned` for a node without a row.
    """

    def list(self, execution_id: UUID, *, iterations: bool = True) -> Sequence[NodeExecution]:
        """Return the nodes that were planned, by path; without `iterations` those outside of loops only."""
        query = _fresh().where(NodeExecution.execution_id == execution_id)
        if not iterations:
            query = query.where(NodeExecution.node_path.not_like("%[%"))
        return self._session.scalars(query.order_by(NodeExecution.node_path)).all()

    def get(self, execution_id: UUID, path: str) -> NodeExecution | None:
        """Return one node's row, None before it was planned."""
        query = _fresh().where(NodeExecution.execution_id == execution_id, NodeExecution.node_path == path)
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

    def apply(self, lease: Lease, changes: Sequence[NodeChange]) -> None:
        """Take many steps at once, in this order."""
        self._leases().guard(lease)
        rows = Rows.of(lease, self._clock, self._rows(lease.execution_id, {change.path for change in changes}))
        for change in changes:
            if rows.must_be_written(change):
                self._write(rows)
            rows.take(change)
        self._write(rows)
        insert_all(self._session, self._scope, AuditEntry, [self._audited(note) for note in rows.notes])

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
        self.apply(lease, [change])
        row = self.get(lease.execution_id, change.path)
        assert row is not None  # noqa: S101  # it was just written
        return row

    def _rows(self, execution_id: UUID, paths: Iterable[str]) -> Iterator[RowMapping]:
        asked = sorted(paths)
        for start in range(0, len(asked), PATHS_A_QUERY):
            among = NodeExecution.node_path.in_(asked[start : start + PATHS_A_QUERY])
            yield from self._session.execute(_KNOWN.where(NodeExecution.execution_id == execution_id, among)).mappings()

    def _write(self, rows: Rows) -> None:
        new, old = rows.taken()
        insert_all(self._session, self._scope, NodeExecution, new)
        moved = [(row["id"], {name: row[name] for name in MOVED}) for row in old]
        update_all(self._session, self._scope, NodeExecution, moved)

    def _audited(self, note: Note) -> dict[str, Any]:
        return {
            "user_id": self._scope.user_id,
            "action": "status" if note.before else "create",
            "entity": ENTITY,
            "entity_id": note.row_id,
            "before": note.before.value if note.before else None,
            "after": note.after.value,
            "detail": {"node_path": note.path} if note.before else {},
            "at": self._clock(),
        }


def _fresh() -> Select[tuple[NodeExecution]]:
    """Select rows as they are in the database, whatever the session remembers of them."""
    return select(NodeExecution).execution_options(populate_existing=True)


def _with_results(condition: ColumnElement[bool]) -> Select[tuple[NodeExecution]]:
    query = _fresh().join(Execution, Execution.id == NodeExecution.execution_id)
    return query.where(condition, NodeExecution.status.in_(_HAS_OUTPUT))
