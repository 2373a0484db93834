"""Every name of an object that a row holds, for a comparison with what the artefact store has."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, true

from storage.database.models import (
    ApiVersion,
    Call,
    Execution,
    GeneratedProject,
    MemoryTurn,
    NodeExecution,
    RepositoryExport,
    WorkflowVersion,
)
from storage.database.repositories.base import Repository
from storage.database.repositories.exports import ENTITY as EXPORT
from storage.database.transitions import ExportStatus, GeneratedProjectStatus

_HOT = (GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.BLOCKED)


@dataclass(frozen=True, slots=True)
class Names:
    """What one row names."""

    entity: str
    id: UUID
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    entity: str
    model: Any
    keys: Callable[[Any], Sequence[str | None]]
    condition: Callable[[], Any]


_SOURCES = (
    _Source(
        "generated project", GeneratedProject, lambda row: [row.pack_key], lambda: GeneratedProject.status.in_(_HOT)
    ),
    _Source(
        "generated project",
        GeneratedProject,
        lambda row: [row.cold_key],
        lambda: GeneratedProject.cold_key.is_not(None),
    ),
    _Source(
        EXPORT,
        RepositoryExport,
        lambda row: [row.archive_path],
        lambda: RepositoryExport.archive_path.is_not(None),
    ),
    _Source(
        "node execution",
        NodeExecution,
        lambda row: [row.output_key, row.fragment_key],
        lambda: NodeExecution.output_key.is_not(None),
    ),
    _Source(
        "call",
        Call,
        lambda row: [row.request_key, row.response_key],
        lambda: Call.root_execution_id.not_in(select(Execution.id).where(Execution.calls_deleted_at.is_not(None))),
    ),
    _Source("memory turn", MemoryTurn, lambda row: [row.payload_key], true),
    _Source(
        "workflow version",
        WorkflowVersion,
        lambda row: [found["key"] for found in row.templates.values()],
        true,
    ),
    _Source(
        "api version", ApiVersion, lambda row: [row.definitions_key], lambda: ApiVersion.definitions_key.is_not(None)
    ),
)
SOURCES = range(len(_SOURCES))


class ObjectNames(Repository):
    """Names of objects, by row and by key."""

    def page(self, source: int, after: UUID | None, limit: int) -> Sequence[Names]:
        """Return the names that rows of one of the `SOURCES` hold, in the order of their ids."""
        found = _SOURCES[source]
        query = select(found.model).where(found.condition())
        if after is not None:
            query = query.where(found.model.id > after)
        rows = self._session.scalars(query.order_by(found.model.id).limit(limit)).all()
        return [Names(found.entity, row.id, tuple(key for key in found.keys(row) if key)) for row in rows]

    def known(self, keys: Collection[str]) -> set[str]:
        """Return those keys of packs, cold trees and archives that a row names."""
        packs = select(GeneratedProject.pack_key).where(
            GeneratedProject.pack_key.in_(keys), GeneratedProject.status.in_((*_HOT, GeneratedProjectStatus.GENERATING))
        )
        cold = select(GeneratedProject.cold_key).where(GeneratedProject.cold_key.in_(keys))
        archives = select(RepositoryExport.archive_path).where(RepositoryExport.archive_path.in_(keys))
        return {key for query in (packs, cold, archives) for key in self._session.scalars(query) if key}

    def living_roots(self, roots: Collection[UUID], *, calls: bool) -> set[UUID]:
        """Return those root executions whose recorded calls (or node results) retention has not removed."""
        marker = Execution.calls_deleted_at if calls else Execution.results_deleted_at
        return set(self._session.scalars(select(Execution.id).where(Execution.id.in_(roots), marker.is_(None))))

    def give_up_archive(self, export_id: UUID) -> bool:
        """Close an export whose archive is gone, so that asking again makes it anew; tell whether it was one."""
        query = select(RepositoryExport).where(
            RepositoryExport.id == export_id,
            or_(RepositoryExport.status == ExportStatus.COMPLETED, RepositoryExport.status == ExportStatus.FAILED),
        )
        export = self._session.scalars(query.with_for_update()).one_or_none()
        if export is None:
            return False
        export.archive_path, export.updated_at = None, self._clock()
        self._change_status(EXPORT, export, ExportStatus.ARCHIVED, by="storage check")
        return True
