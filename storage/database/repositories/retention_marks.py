"""Rules of retention, pins and legal holds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from repomill.retention import RetentionRules
from repomill.roles import Permission
from storage.database.models import GeneratedProject, Organisation, Project, RetentionMark
from storage.database.models.retention import MarkKind
from storage.database.repositories.base import Repository


class RetentionMarks(Repository):
    """What people say about how long something is kept."""

    def rules(self, project: Project | None = None) -> RetentionRules:
        """Return the rules in force, for a project or for those that state none of their own."""
        common = RetentionRules().with_overrides(self.stated(None))
        return common if project is None else common.with_overrides(project.retention)

    def stated(self, project: Project | None) -> dict[str, Any]:
        """Return what a project, or the organisation, states of its own."""
        return (self._row(project).retention or {}).copy()

    def set_rules(self, project: Project | None, stated: dict[str, Any] | None) -> None:
        """Let a project, or the organisation, differ from the rules above it; None takes that back."""
        self._require(Permission.ADMINISTER)
        row = self._row(project)
        before, row.retention = row.retention, stated
        self._session.flush()
        entity = "organisation" if project is None else "project"
        self._audit("retention", entity, row.id, None, None, was=before, now=stated)

    def pin(self, found: GeneratedProject, reason: str) -> None:
        """Keep a generated project and its exports as they are."""
        self._require(Permission.RUN)
        self._mark(MarkKind.PIN, found.project_id, found.id, reason)

    def hold(self, project: Project, reason: str) -> None:
        """Keep everything of a project."""
        self._require(Permission.ADMINISTER)
        self._mark(MarkKind.HOLD, project.id, None, reason)

    def unpin(self, found: GeneratedProject) -> bool:
        """Take a pin away; tell whether there was one."""
        self._require(Permission.RUN)
        return self._unmark(MarkKind.PIN, found.project_id, found.id)

    def release(self, project: Project) -> bool:
        """Take a legal hold away; tell whether there was one."""
        self._require(Permission.ADMINISTER)
        return self._unmark(MarkKind.HOLD, project.id, None)

    def list(self) -> Sequence[RetentionMark]:
        """Return all pins and holds, oldest first."""
        return self._session.scalars(select(RetentionMark).order_by(RetentionMark.created_at, RetentionMark.id)).all()

    def _row(self, project: Project | None) -> Project | Organisation:
        if project is not None:
            return project
        query = select(Organisation).where(Organisation.id == self._scope.organisation_id)
        return self._session.scalars(query).one()

    def _mark(self, kind: MarkKind, project_id: Any, generated: Any, reason: str) -> None:
        found = self._session.scalars(self._query(kind, project_id, generated)).first()
        if found is not None:
            found.reason = reason or found.reason
            return
        mark = RetentionMark(project_id=project_id, generated_project_id=generated, kind=kind, reason=reason)
        mark.created_by, mark.created_at = self._scope.user_id, self._clock()
        self._add(mark)
        self._note(kind.value, project_id, generated, reason)

    def _unmark(self, kind: MarkKind, project_id: Any, generated: Any) -> bool:
        ids = self._session.scalars(self._query(kind, project_id, generated).with_only_columns(RetentionMark.id)).all()
        if not ids:
            return False
        self._session.execute(delete(RetentionMark).where(RetentionMark.id.in_(ids)))
        self._note(f"end {kind.value}", project_id, generated, "")
        return True

    def _note(self, action: str, project_id: Any, generated: Any, reason: str) -> None:
        entity = "project" if generated is None else "generated project"
        self._audit(action, entity, generated or project_id, None, None, reason=reason)

    def _query(self, kind: MarkKind, project_id: Any, generated: Any) -> Any:
        return select(RetentionMark).where(
            RetentionMark.kind == kind,
            RetentionMark.project_id == project_id,
            RetentionMark.generated_project_id.is_not_distinct_from(generated),
        )
