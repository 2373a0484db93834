"""What is asked about the calls of executions when none is being made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from repomill.calls.ledger import CallKey
from repomill.errors import AmbiguousReference, CallNotFound
from storage.database.models import Call, Execution, Project, Workflow, WorkflowVersion
from storage.database.repositories._references import LATEST, MATCHES_SHOWN, id_range
from storage.database.repositories.base import Repository

ENTITY = "call"


@dataclass(frozen=True, slots=True)
class CallCost:
    """What one call was and cost; `cost` is None where no price is known."""

    project: str
    workflow: str
    kind: str
    source: str
    model: str
    at: datetime
    sends: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None


def call_named(root_id: UUID, key: CallKey) -> dict[str, object]:
    """Return the parameters of statements that are about one call."""
    return {"root": root_id, "path": key.node_path, "nth": key.ordinal, "digest": key.request_digest}


class CallReads(Repository):
    """Lists, references and costs of calls; nothing here locks or changes one."""

    def keys(self, root_id: UUID, most: int) -> Sequence[CallKey]:
        """Return what tells the calls of a root execution apart, of `most` of them."""
        query = select(Call.node_path, Call.ordinal, Call.request_digest).where(Call.root_execution_id == root_id)
        return [CallKey(*row) for row in self._session.execute(query.limit(most))]

    def list(self, root_id: UUID) -> Sequence[Call]:
        """Return all calls of a root execution, in the order they were made."""
        query = select(Call).where(Call.root_execution_id == root_id)
        return self._session.scalars(query.order_by(Call.created_at, Call.node_path, Call.ordinal)).all()

    def has_any(self, root_id: UUID) -> bool:
        """Tell whether a root execution has made any call."""
        return (
            self._session.scalars(select(Call.id).where(Call.root_execution_id == root_id).limit(1)).first() is not None
        )

    def resolve(self, reference: str) -> Call:
        """Return the call that an id, a prefix of one, or `latest` means.

        Raises:
            CallNotFound: it means none.
            AmbiguousReference: it is a prefix of several ids.
        """
        query = select(Call)
        if reference == LATEST:
            query = query.order_by(Call.created_at.desc(), Call.id).limit(1)
        elif ids := id_range(reference):
            query = query.where(Call.id.between(ids.first, ids.last)).limit(MATCHES_SHOWN)
        else:
            raise CallNotFound(reference)
        matches = self._session.scalars(query).all()
        if len(matches) > 1:
            raise AmbiguousReference(ENTITY, reference, tuple(str(match.id) for match in matches))
        if not matches:
            raise CallNotFound(reference)
        return matches[0]

    def costs(self, since: datetime | None = None) -> Sequence[CallCost]:
        """Return what was sent, by the organisation's projects and workflows; replayed answers were not."""
        query = (
            select(
                Project.name,
                Workflow.name,
                Call.kind,
                Call.source,
                Call.model,
                Call.created_at,
                Call.sends,
                Call.input_tokens,
                Call.output_tokens,
                Call.cost,
            )
            .join(Execution, Execution.id == Call.execution_id)
            .join(Project, Project.id == Execution.project_id)
            .join(WorkflowVersion, WorkflowVersion.id == Execution.workflow_version_id)
            .join(Workflow, Workflow.id == WorkflowVersion.workflow_id)
            .where(Call.sends > 0, or_(Call.cost.is_(None), Call.cost > Decimal(0), Call.reserved_tokens > 0))
        )
        if since is not None:
            query = query.where(Call.created_at >= since)
        rows: Sequence[Any] = self._session.execute(query).all()
        return [CallCost(*row) for row in rows]
