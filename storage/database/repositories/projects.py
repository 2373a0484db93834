"""Projects."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from repomill.errors import ProjectNotFound
from repomill.roles import Permission
from storage.database.models import Project
from storage.database.repositories.base import Repository
from storage.database.repositories.limits import Limits


class Projects(Repository):
    """Projects of the organisation."""

    def get_or_create(self, name: str) -> Project:
        """Return the project of this name; two who create it at once get the same one. Raises `LimitReached`."""
        found = self._by_name(name)
        if found is not None:
            return found
        self._require(Permission.RUN)
        Limits(self._session, self._scope, self._clock).check_project()
        now = self._clock()
        project = Project(name=name, created_by=self._scope.user_id, created_at=now, updated_at=now)
        try:
            with self._session.begin_nested():
                self._add(project)
        except IntegrityError:
            return self._session.scalars(select(Project).where(Project.name == name)).one()
        self._audit("create", "project", project.id, None, None, name=name)
        return project

    def get(self, project_id: UUID) -> Project:
        """Return one by its id, which a foreign key holds."""
        return self._session.scalars(select(Project).where(Project.id == project_id)).one()

    def by_name(self, name: str) -> Project:
        """Return one by its name; raises `ProjectNotFound`."""
        project = self._by_name(name)
        if project is None:
            raise ProjectNotFound(name)
        return project

    def set_policy(self, project: Project, policy: Mapping[str, Any] | None) -> None:
        """Give a project a policy for its trees, None for the defaults."""
        self._require(Permission.ADMINISTER)
        before = project.policy
        project.policy, project.updated_at = None if policy is None else dict(policy), self._clock()
        self._session.flush()
        self._audit("policy", "project", project.id, None, None, was=before, now=project.policy)

    def list(self) -> Sequence[Project]:
        """Return all projects by name."""
        return self._session.scalars(select(Project).order_by(Project.name)).all()

    def delete(self, project: Project) -> None:
        """Delete it with its executions, generated projects, files and exports."""
        self._require(Permission.ADMINISTER)
        self._audit("delete", "project", project.id, None, None, name=project.name)
        self._session.delete(project)
        self._session.flush()

    def _by_name(self, name: str) -> Project | None:
        return self._session.scalars(select(Project).where(Project.name == name)).one_or_none()
