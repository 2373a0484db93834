"""What bounds an organisation; nothing, unless an admin said so."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, func, select

from repomill.errors import LimitReached
from repomill.roles import Permission
from storage.database.models import Execution, GeneratedProject, OrganisationLimits, Project
from storage.database.repositories._accounts import midnight
from storage.database.repositories.base import Repository
from storage.database.transitions import GeneratedProjectStatus


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much there may be, None for no bound; `storage_bytes` counts files of trees, days are those of UTC."""

    projects: int | None = None
    runs_a_day: int | None = None
    storage_bytes: int | None = None
    files: int | None = None


class Limits(Repository):
    """Setting, reading and asking for limits; where one is set, who asks waits for others who do."""

    def set(self, bounds: Bounds) -> None:
        """Replace all of them; raises `NotPermitted`."""
        self._require(Permission.ADMINISTER)
        row = self._row() or OrganisationLimits()
        for name, value in asdict(bounds).items():
            setattr(row, name, value)
        row.updated_at = self._clock()
        self._add(row)
        self._audit("set limits", "organisation", self._scope.organisation_id, None, None, **asdict(bounds))

    def get(self) -> Bounds:
        """Return what is set."""
        row = self._row()
        return Bounds() if row is None else Bounds(row.projects, row.runs_a_day, row.storage_bytes, row.files)

    def used(self) -> Bounds:
        """Return what there is now."""
        files, size = self._session.execute(_stored(func.sum(GeneratedProject.total_files), _SIZE)).one()
        return Bounds(self._count_projects(), self._count_runs(), int(size or 0), int(files or 0))

    def check_project(self) -> None:
        """Raise `LimitReached` where one more project is too many."""
        row = self._row(is_locked=True)
        if row is not None and row.projects is not None:
            _check("projects", row.projects, self._count_projects() + 1)

    def check_run(self) -> None:
        """Raise `LimitReached` where one more run is too many for this day."""
        row = self._row(is_locked=True)
        if row is not None and row.runs_a_day is not None:
            _check("runs a day", row.runs_a_day, self._count_runs() + 1)

    def check_tree(self, files: int, size: int) -> None:
        """Raise `LimitReached` where a tree of so many files and bytes is too much."""
        row = self._row(is_locked=True)
        if row is None or (row.files is None and row.storage_bytes is None):
            return
        used = self.used()
        _check("files", row.files, (used.files or 0) + files)
        _check("bytes of files", row.storage_bytes, (used.storage_bytes or 0) + size)

    def _row(self, *, is_locked: bool = False) -> OrganisationLimits | None:
        query = select(OrganisationLimits)
        return self._session.scalars(query.with_for_update() if is_locked else query).one_or_none()

    def _count_projects(self) -> int:
        return self._session.scalar(select(func.count()).select_from(Project)) or 0

    def _count_runs(self) -> int:
        query = select(func.count()).select_from(Execution).where(Execution.created_at >= midnight(self._clock()))
        return self._session.scalar(query) or 0


_SIZE = func.sum(GeneratedProject.total_size)


def _stored(*columns: Any) -> Select[Any]:
    """Select over the trees whose files are there."""
    return select(*columns).where(GeneratedProject.status != GeneratedProjectStatus.DELETED)


def _check(what: str, limit: int | None, used: int) -> None:
    if limit is not None and used > limit:
        raise LimitReached(what, limit, used)
