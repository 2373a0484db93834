"""What runs left besides trees, older than the rules allow, and its way out."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from storage.artifacts.keys import call_prefix, result_prefixes
from storage.database.models import Event, Execution, NodeExecution
from storage.database.repositories._due_rows import Candidate, DueRows, Gone, Page, held_projects, since
from storage.database.transitions import ExecutionStatus

EVENT_BATCH = 5000
_OPEN = (ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.SUSPENDED)


class DuePayloads(DueRows):
    """Node results, call payloads and events of executions that ended; holds keep them."""

    def results_to_delete(self, page: Page) -> Sequence[Candidate]:
        """Return root executions all of which ended before an instant and whose node results are still there."""
        return self._roots(
            Execution.results_deleted_at,
            page,
            lambda root: result_prefixes(self._scope.organisation_id, root),
        )

    def calls_to_delete(self, page: Page) -> Sequence[Candidate]:
        """Likewise with recorded calls."""
        return self._roots(
            Execution.calls_deleted_at,
            page,
            lambda root: (call_prefix(self._scope.organisation_id, root),),
        )

    def events_to_delete(self, page: Page) -> Sequence[Candidate]:
        """Return ended executions whose events are still there; `rows` counts them."""
        query = self._ended(Execution.events_deleted_at, page)
        counts = select(Event.execution_id, func.count()).group_by(Event.execution_id)
        rows = self._session.scalars(query).all()
        counted = self._session.execute(counts.where(Event.execution_id.in_([row.id for row in rows])))
        found: dict[UUID, int] = {row[0]: row[1] for row in counted}
        return [
            Candidate(row.id, row.project_id, since(row.completed_at), (), rows=found.get(row.id, 0)) for row in rows
        ]

    def delete_results(self, root_ids: Sequence[UUID]) -> Gone:
        """Nodes have no output and no files any more; the executions cannot be taken up again."""
        roots = self._closed_roots(root_ids, Execution.results_deleted_at)
        for root in roots:  # one by one: no statement shall take long
            root.results_deleted_at = self._clock()
            of_root = select(Execution.id).where(Execution.root_id == root.id)
            nodes = (
                update(NodeExecution)
                .where(NodeExecution.execution_id.in_(of_root))
                .values(output_key=None, fragment_key=None)
            )
            self._session.execute(nodes.execution_options(synchronize_session=False))
        return self._let_go({root.id: result_prefixes(self._scope.organisation_id, root.id) for root in roots})

    def delete_calls(self, root_ids: Sequence[UUID]) -> Gone:
        """Requests and answers are gone; what they cost stays."""
        roots = self._closed_roots(root_ids, Execution.calls_deleted_at)
        for root in roots:
            root.calls_deleted_at = self._clock()
        self._session.flush()
        return self._let_go({root.id: (call_prefix(self._scope.organisation_id, root.id),) for root in roots})

    def delete_events(self, ids: Sequence[UUID]) -> Gone:
        """Remove the events of executions batch by batch, the oldest first."""
        query = select(Execution).where(
            Execution.id.in_(ids), Execution.status.not_in(_OPEN), Execution.events_deleted_at.is_(None)
        )
        ended = self._locked(query, ids)
        for found in ended:
            while self._delete_some_events(found.id):
                pass
            found.events_deleted_at = self._clock()
        return {found.id: () for found in ended}

    def _delete_some_events(self, execution_id: UUID) -> bool:
        numbers = select(Event.sequence).where(Event.execution_id == execution_id).order_by(Event.sequence)
        last = self._session.scalar(select(func.max(numbers.limit(EVENT_BATCH).subquery().c.sequence)))
        if last is None:
            return False
        self._session.execute(delete(Event).where(Event.execution_id == execution_id, Event.sequence <= last))
        return True

    def _ended(self, marker: Any, page: Page) -> Any:
        query = select(Execution).where(
            marker.is_(None),
            Execution.completed_at <= page.before,
            Execution.status.not_in(_OPEN),
            page.group.of(Execution.project_id),
            Execution.project_id.not_in(held_projects()),
        )
        return page.of(query, Execution.completed_at, Execution.id)

    def _roots(
        self,
        marker: Any,
        page: Page,
        keys: Callable[[UUID], tuple[str, ...]],
    ) -> Sequence[Candidate]:
        other = aliased(Execution)
        later = exists().where(
            other.root_id == Execution.id, or_(other.completed_at.is_(None), other.completed_at > page.before)
        )
        held = exists().where(other.root_id == Execution.id, other.project_id.in_(held_projects()))
        query = self._ended(marker, page).where(Execution.id == Execution.root_id, ~later, ~held)
        return [
            Candidate(row.id, row.project_id, since(row.completed_at), keys(row.id))
            for row in self._session.scalars(query)
        ]

    def _closed_roots(self, root_ids: Sequence[UUID], marker: Any) -> Sequence[Execution]:
        """Lock roots that nobody works on: whoever takes up an execution of one locks it too, and sees the mark."""
        query = select(Execution).where(
            Execution.id.in_(root_ids), marker.is_(None), Execution.project_id.not_in(held_projects())
        )
        roots = self._locked(query, root_ids)
        busy = select(Execution.root_id).where(Execution.root_id.in_(root_ids), Execution.status.in_(_OPEN))
        at_work = set(self._session.scalars(busy.distinct()))
        return [root for root in roots if root.id not in at_work]
