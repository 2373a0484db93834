"""How much an organisation makes and keeps; what its calls cost is told by `Calls.costs`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from storage.database.models import Execution, GeneratedProject, Project
from storage.database.repositories.base import Repository
from storage.database.transitions import ExecutionStatus, GeneratedProjectStatus


@dataclass(frozen=True, slots=True)
class ExecutionUse:
    """One execution: when it was made, what came of it, and how long it took, None while it runs."""

    project: str
    status: ExecutionStatus
    at: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True)
class StorageUse:
    """The stored trees of a project; `size` is in bytes of their files."""

    project: str
    trees: int
    files: int
    size: int


class Usage(Repository):
    """Rows to add up."""

    def executions(self, since: datetime, until: datetime) -> Sequence[ExecutionUse]:
        """Return the executions that were made from one instant until before another."""
        columns = (Project.name, Execution.status, Execution.created_at, Execution.started_at, Execution.completed_at)
        query = select(*columns).join(Project, Project.id == Execution.project_id)
        query = query.where(Execution.created_at >= since, Execution.created_at < until)
        rows: Sequence[Any] = self._session.execute(query.order_by(Execution.created_at)).all()
        return [ExecutionUse(name, status, at, _seconds(begun, ended)) for name, status, at, begun, ended in rows]

    def storage(self) -> Sequence[StorageUse]:
        """Return what is stored now, the project with most bytes first."""
        size = func.sum(GeneratedProject.total_size)
        counts = (func.count(), func.sum(GeneratedProject.total_files), size)
        query = select(Project.name, *counts).join(GeneratedProject, GeneratedProject.project_id == Project.id)
        query = query.where(GeneratedProject.status != GeneratedProjectStatus.DELETED).group_by(Project.name)
        rows: Sequence[Any] = self._session.execute(query.order_by(size.desc(), Project.name)).all()
        return [StorageUse(name, trees, int(files), int(total)) for name, trees, files, total in rows]


def _seconds(begun: datetime | None, ended: datetime | None) -> float | None:
    return None if begun is None or ended is None else (ended - begun).total_seconds()
