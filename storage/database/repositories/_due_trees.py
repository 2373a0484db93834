"""Trees and exports that are older than the rules allow, and their way out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from storage.database.models import GeneratedProject, ProjectFile, RepositoryExport, RetentionMark
from storage.database.repositories._due_rows import Candidate, DueRows, Gone, Page, since
from storage.database.repositories.exports import ENTITY as EXPORT
from storage.database.repositories.generated_projects import ENTITY as GENERATED
from storage.database.repositories.objects import Objects
from storage.database.transitions import ExportStatus, GeneratedProjectStatus

_LIVE = (ExportStatus.PENDING, ExportStatus.EXPORTING, ExportStatus.COMPLETED)
_GAVE_UP = (ExportStatus.FAILED, ExportStatus.CANCELLED)


class DueTrees(DueRows):
    """Completed and archived trees, and exports; pins and holds keep both."""

    def trees_to_archive(self, page: Page) -> Sequence[Candidate]:
        """Return completed projects that were so before an instant."""
        rows = self._trees(GeneratedProjectStatus.COMPLETED, GeneratedProject.completed_at, page)
        return [
            Candidate(row.id, row.project_id, since(row.completed_at), _keys(row.pack_key), str(row.tree_digest))
            for row in rows
        ]

    def trees_to_delete(self, page: Page) -> Sequence[Candidate]:
        """Return archived projects without a live export."""
        rows = self._trees(GeneratedProjectStatus.ARCHIVED, GeneratedProject.archived_at, page)
        return [
            Candidate(row.id, row.project_id, since(row.archived_at), _keys(row.cold_key), str(row.tree_digest))
            for row in rows
        ]

    def archive_trees(self, cold: Mapping[UUID, tuple[str, int]]) -> Gone:
        """The trees lie in the archive now, each under its key and with its size."""
        objects = Objects(self._session, self._scope, self._clock)
        due = self._due(list(cold), GeneratedProjectStatus.COMPLETED)
        rows = [row for row in due if objects.claim(cold[row.id][0])]
        for row in rows:
            row.cold_key, row.cold_size = cold[row.id]
            row.archived_at = self._clock()
        self._move(GENERATED, rows, GeneratedProjectStatus.ARCHIVED)
        return self._let_go({row.id: _keys(row.pack_key) for row in rows})

    def delete_trees(self, ids: Sequence[UUID]) -> Gone:
        """The files are gone, and what was shown of them; paths, sizes and hashes stay."""
        rows = self._due(ids, GeneratedProjectStatus.ARCHIVED)
        keys = {row.id: _keys(row.cold_key) for row in rows}
        for row in rows:
            row.cold_key, row.deleted_at = None, self._clock()
        self._move(GENERATED, rows, GeneratedProjectStatus.DELETED)
        for row in rows:  # one by one: a tree may have many thousand files, and no statement shall take long
            shown = update(ProjectFile).where(
                ProjectFile.generated_project_id == row.id, ProjectFile.content_preview != ""
            )
            self._session.execute(shown.values(content_preview=""))
        return self._let_go(keys)

    def exports_to_archive(self, page: Page) -> Sequence[Candidate]:
        """Return exports that completed before an instant; a branch keeps its last one."""
        when = RepositoryExport.completed_at
        return self._exports(
            when, page, [RepositoryExport.status == ExportStatus.COMPLETED, when <= page.before, ~_is_last()]
        )

    def exports_to_close(self, page: Page) -> Sequence[Candidate]:
        """Return exports that were given up before an instant."""
        when = RepositoryExport.updated_at
        return self._exports(when, page, [RepositoryExport.status.in_(_GAVE_UP), when <= page.before])

    def archive_exports(self, ids: Sequence[UUID]) -> Gone:
        """The archives are gone; what was exported where stays known."""
        query = select(RepositoryExport).where(
            RepositoryExport.id.in_(ids), RepositoryExport.status.in_((ExportStatus.COMPLETED, *_GAVE_UP))
        )
        rows = self._locked(query.where(~_is_marked(RepositoryExport.generated_project_id)), ids)
        keys = {row.id: _keys(row.archive_path) for row in rows}
        for row in rows:
            row.archive_path = None
        self._move(EXPORT, rows, ExportStatus.ARCHIVED)
        return self._let_go(keys)

    def _trees(self, status: Any, when: Any, page: Page) -> Sequence[GeneratedProject]:
        query = select(GeneratedProject).where(
            GeneratedProject.status == status,
            when <= page.before,
            page.group.of(GeneratedProject.project_id),
            ~_is_marked(GeneratedProject.id),
        )
        if status is GeneratedProjectStatus.ARCHIVED:
            query = query.where(~_has_live_export())
        return self._session.scalars(page.of(query, when, GeneratedProject.id)).all()

    def _due(self, ids: Sequence[UUID], status: GeneratedProjectStatus) -> Sequence[GeneratedProject]:
        query = select(GeneratedProject).where(
            GeneratedProject.id.in_(ids), GeneratedProject.status == status, ~_is_marked(GeneratedProject.id)
        )
        if status is GeneratedProjectStatus.ARCHIVED:
            query = query.where(~_has_live_export())
        return self._locked(query, ids)

    def _exports(self, when: Any, page: Page, conditions: Sequence[ColumnElement[bool]]) -> Sequence[Candidate]:
        query = select(RepositoryExport, GeneratedProject.project_id, when).join(
            GeneratedProject, GeneratedProject.id == RepositoryExport.generated_project_id
        )
        query = query.where(
            *conditions, page.group.of(GeneratedProject.project_id), ~_is_marked(RepositoryExport.generated_project_id)
        )
        rows = self._session.execute(page.of(query, when, RepositoryExport.id)).all()
        return [
            Candidate(row.id, project_id, at, _keys(row.archive_path), row.tree_digest) for row, project_id, at in rows
        ]

    def _move(self, entity: str, rows: Sequence[Any], status: Any) -> None:
        for row in rows:
            row.updated_at = self._clock()
        self._change_statuses(entity, rows, status, by="retention")


def _is_marked(generated_project_id: Any) -> ColumnElement[bool]:
    """A pin on the generated project, or a hold on its project."""
    project = aliased(GeneratedProject)
    held = and_(RetentionMark.generated_project_id.is_(None), RetentionMark.project_id == project.project_id)
    pinned = RetentionMark.generated_project_id == project.id
    return exists().where(project.id == generated_project_id, or_(held, pinned))


def _has_live_export() -> ColumnElement[bool]:
    return exists().where(
        RepositoryExport.generated_project_id == GeneratedProject.id, RepositoryExport.status.in_(_LIVE)
    )


def _is_last() -> ColumnElement[bool]:
    """The export is the newest one of a branch of a repository: the base of the next merge."""
    later = aliased(RepositoryExport)
    same = and_(
        later.repository_url == RepositoryExport.repository_url,
        later.config["branch"].as_string().is_not_distinct_from(RepositoryExport.config["branch"].as_string()),
        later.status == ExportStatus.COMPLETED,
        tuple_(later.completed_at, later.id) > tuple_(RepositoryExport.completed_at, RepositoryExport.id),
    )
    return and_(RepositoryExport.repository_url.is_not(None), ~exists().where(same))


def _keys(*found: str | None) -> tuple[str, ...]:
    return tuple(key for key in found if key)
