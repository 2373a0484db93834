"""Workflows and their versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from repomill.errors import AmbiguousReference, WorkflowNotFound
from repomill.roles import Permission
from storage.database.models import Workflow, WorkflowVersion
from storage.database.repositories._references import LATEST, MATCHES_SHOWN, IdRange, id_range
from storage.database.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class Specification:
    """A workflow as it is to be stored; `definition` is its plain data, `templates` as in `WorkflowVersion`."""

    name: str
    digest: str
    api_version: str
    definition: Mapping[str, Any]
    source_text: str
    description: str = ""
    templates: Mapping[str, Any] = field(default_factory=dict)


class Workflows(Repository):
    """Workflows that are not deleted; versions of deleted ones can still be had by `version`."""

    def add(self, specification: Specification) -> WorkflowVersion:
        """Store a version and return it; a specification that is there already is returned as it is."""
        self._require(Permission.RUN)
        workflow = self._get_or_create(specification)
        # Numbers are given out one at a time: the row is locked until the commit.
        self._session.execute(select(Workflow.id).where(Workflow.id == workflow.id).with_for_update())
        versions = select(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow.id)
        known = self._session.scalars(versions.where(WorkflowVersion.digest == specification.digest)).one_or_none()
        return known or self._add_version(workflow, specification)

    def list(self) -> Sequence[tuple[Workflow, WorkflowVersion]]:
        """Return every workflow with its newest version, by name."""
        return [(row[0], row[1]) for row in self._session.execute(_newest().order_by(Workflow.name))]

    def resolve(self, reference: str) -> WorkflowVersion:
        """Return the version that a version's id, a workflow's id or name (newest version) or `latest` means.

        Raises:
            WorkflowNotFound: it means none.
            AmbiguousReference: it is a prefix of several ids.
        """
        if reference == LATEST:
            return self._first(
                _versions().order_by(WorkflowVersion.created_at.desc(), WorkflowVersion.number.desc()), reference
            )
        named = self._session.execute(_newest().where(Workflow.name == reference)).tuples().one_or_none()
        if named is not None:
            return named[1]
        ids = id_range(reference)
        matches = self._in_range(ids) if ids else []
        if len(matches) > 1:
            raise AmbiguousReference("workflow", reference, tuple(str(match.id) for match in matches))
        if not matches:
            raise WorkflowNotFound(reference)
        return matches[0]

    def version(self, version_id: UUID) -> WorkflowVersion:
        """Return a version by its whole id, deleted or not; raises `WorkflowNotFound`."""
        return self._first(select(WorkflowVersion).where(WorkflowVersion.id == version_id), str(version_id))

    def workflow_of(self, version: WorkflowVersion) -> Workflow:
        """Return the workflow a version belongs to."""
        return self._session.scalars(select(Workflow).where(Workflow.id == version.workflow_id)).one()

    def versions(self, workflow_id: UUID) -> Sequence[WorkflowVersion]:
        """Return a workflow's versions, newest first."""
        query = select(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow_id)
        return self._session.scalars(query.order_by(WorkflowVersion.number.desc())).all()

    def set_deployment(self, version_id: UUID, deployment_id: UUID) -> WorkflowVersion:
        """Note which Prefect deployment starts this version."""
        version = self.version(version_id)
        version.deployment_id = deployment_id
        self._session.flush()
        self._audit("deploy", "workflow version", version.id, None, None, deployment_id=str(deployment_id))
        return version

    def delete(self, workflow_id: UUID) -> None:
        """Hide the workflow and free its name; executions keep their version."""
        query = select(Workflow).where(Workflow.id == workflow_id, Workflow.deleted_at.is_(None))
        workflow = self._session.scalars(query).one_or_none()
        if workflow is None:
            raise WorkflowNotFound(str(workflow_id))
        workflow.deleted_at = workflow.updated_at = self._clock()
        self._session.flush()
        self._audit("delete", "workflow", workflow.id, None, None, name=workflow.name)

    def _get_or_create(self, specification: Specification) -> Workflow:
        query = select(Workflow).where(Workflow.name == specification.name, Workflow.deleted_at.is_(None))
        found = self._session.scalars(query).one_or_none()
        return found or self._create(specification, query)

    def _create(self, specification: Specification, query: Select[tuple[Workflow]]) -> Workflow:
        now = self._clock()
        workflow = Workflow(name=specification.name, owner_id=self._scope.user_id, created_at=now, updated_at=now)
        workflow.description = specification.description
        try:
            with self._session.begin_nested():
                self._add(workflow)
        except IntegrityError:  # somebody else created it a moment ago
            return self._session.scalars(query).one()
        self._audit("create", "workflow", workflow.id, None, None, name=workflow.name)
        return workflow

    def _add_version(self, workflow: Workflow, specification: Specification) -> WorkflowVersion:
        newest = select(func.max(WorkflowVersion.number)).where(WorkflowVersion.workflow_id == workflow.id)
        number = (self._session.scalar(newest) or 0) + 1
        version = WorkflowVersion(
            workflow_id=workflow.id,
            number=number,
            digest=specification.digest,
            api_version=specification.api_version,
            definition=dict(specification.definition),
            source_text=specification.source_text,
            templates=dict(specification.templates),
            created_by=self._scope.user_id,
            created_at=self._clock(),
        )
        workflow.description, workflow.updated_at = specification.description, version.created_at
        self._add(version)
        self._audit("create", "workflow version", version.id, None, None, workflow=workflow.name, number=number)
        return version

    def _in_range(self, ids: IdRange) -> Sequence[WorkflowVersion]:
        versions = _versions().where(WorkflowVersion.id.between(ids.first, ids.last)).limit(MATCHES_SHOWN)
        newest = _newest().where(Workflow.id.between(ids.first, ids.last)).limit(MATCHES_SHOWN)
        found = [*self._session.scalars(versions), *(row[1] for row in self._session.execute(newest))]
        return list({version.id: version for version in found}.values())

    def _first(self, query: Select[tuple[WorkflowVersion]], reference: str) -> WorkflowVersion:
        version = self._session.scalars(query.limit(1)).one_or_none()
        if version is None:
            raise WorkflowNotFound(reference)
        return version


def _versions() -> Select[tuple[WorkflowVersion]]:
    """Select the versions of workflows that are not deleted."""
    joined = select(WorkflowVersion).join(Workflow, Workflow.id == WorkflowVersion.workflow_id)
    return joined.where(Workflow.deleted_at.is_(None))


def _newest() -> Select[tuple[Workflow, WorkflowVersion]]:
    """Select each workflow that is not deleted with its newest version."""
    numbers = select(func.max(WorkflowVersion.number)).where(WorkflowVersion.workflow_id == Workflow.id)
    return (
        select(Workflow, WorkflowVersion)
        .join(WorkflowVersion, WorkflowVersion.workflow_id == Workflow.id)
        .where(Workflow.deleted_at.is_(None), WorkflowVersion.number == numbers.correlate(Workflow).scalar_subquery())
    )
