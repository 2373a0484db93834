"""Exports of generated projects, and the journal of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from repomill.errors import ExportNotFound
from repomill.roles import Permission
from storage.database.models import ExportStep, ExportType, GeneratedProject, RepositoryExport
from storage.database.repositories._references import id_range
from storage.database.repositories.base import Repository
from storage.database.transitions import ExportStatus, GeneratedProjectStatus, StepState, check_transition

ENTITY = "repository export"
STEP_ENTITY = "export step"

_OVER = (ExportStatus.COMPLETED, ExportStatus.ARCHIVED)
_GAVE_UP = (ExportStatus.FAILED, ExportStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is exported where; `target_digest` is over the whole target, `node_path` is None outside a run."""

    generated_project_id: UUID
    export_type: ExportType
    target_digest: str
    tree_digest: str
    node_path: str | None = None
    repository_name: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export left behind: a repository and commit, or an archive (`archive_size` in bytes)."""

    repository_url: str | None = None
    commit_sha: str | None = None
    archive_path: str | None = None
    archive_size: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else is to be told of it; goes into `config`."""


class Exports(Repository):
    """Exports; methods that change a status raise `IllegalTransition`."""

    def begin(self, new: NewExport) -> RepositoryExport:
        """Return the export of this project, node and target, a pending one the first time.

        Outside a run (no node) an export that is over is not taken up again: asking again exports again.
        Raises `NotPermitted`.
        """
        self._require(Permission.EXPORT)
        query = select(RepositoryExport).where(
            RepositoryExport.generated_project_id == new.generated_project_id,
            RepositoryExport.node_path.is_not_distinct_from(new.node_path),
            RepositoryExport.target_digest == new.target_digest,
        )
        if new.node_path is None:
            query = query.where(RepositoryExport.status.not_in(_OVER)).order_by(RepositoryExport.created_at.desc())
        found = self._session.scalars(query.limit(1)).one_or_none()
        if found is not None:
            if found.status not in _OVER:  # a repeat may name other credentials; all else is in the digest
                found.config = dict(new.config)
            return found
        try:
            with self._session.begin_nested():
                export = self._add(self._row(new))
        except IntegrityError:  # somebody else began it a moment ago; anything else is raised by `one`
            return self._session.scalars(query).one()
        self._created(ENTITY, export)
        return export

    def exporting(self, export_id: UUID) -> RepositoryExport:
        """The export is under way, for the first time or again."""
        export = self.get(export_id)
        export.error_message = None
        return self._move(export, ExportStatus.EXPORTING)

    def complete(self, export_id: UUID, result: ExportResult) -> RepositoryExport:
        """The export is done; also where another try of it, at the same time, gave up."""
        export = self.get(export_id)
        if export.status in _GAVE_UP:
            self.exporting(export_id)
        export.repository_url, export.commit_sha = result.repository_url, result.commit_sha
        export.archive_path, export.archive_size = result.archive_path, result.archive_size
        export.config = export.config | dict(result.details)
        export.completed_at = self._clock()
        return self._move(export, ExportStatus.COMPLETED)

    def fail(self, export_id: UUID, reason: str) -> RepositoryExport:
        """The export ended with an error; it can be taken up again."""
        export = self.get(export_id)
        export.error_message = reason
        return self._move(export, ExportStatus.FAILED)

    def cancel(self, export_id: UUID) -> RepositoryExport:
        """The export was stopped; it can be taken up again."""
        return self._move(self.get(export_id), ExportStatus.CANCELLED)

    def get(self, export_id: UUID) -> RepositoryExport:
        """Return one by its id; raises `ExportNotFound`."""
        query = select(RepositoryExport).where(RepositoryExport.id == export_id)
        found = self._session.scalars(query).one_or_none()
        if found is None:
            raise ExportNotFound(str(export_id))
        return found

    def list(self, generated_project_id: UUID) -> Sequence[RepositoryExport]:
        """Return a project's exports, newest first."""
        query = select(RepositoryExport).where(RepositoryExport.generated_project_id == generated_project_id)
        return self._session.scalars(query.order_by(RepositoryExport.created_at.desc(), RepositoryExport.id)).all()

    def archive_of(self, generated_project_id: UUID, export_type: str) -> str | None:
        """Return the key of a project's newest archive of a format, None when there is none."""
        query = select(RepositoryExport.archive_path).where(
            RepositoryExport.generated_project_id == generated_project_id,
            RepositoryExport.export_type == ExportType(export_type),
            RepositoryExport.status == ExportStatus.COMPLETED,
        )
        return self._session.scalar(query.order_by(RepositoryExport.completed_at.desc()).limit(1))

    def find(self, limit: int, reference: str = "") -> Sequence[RepositoryExport]:
        """Return the newest exports of all projects whose ids begin with a text."""
        query = select(RepositoryExport).order_by(RepositoryExport.created_at.desc(), RepositoryExport.id)
        if not reference:
            return self._session.scalars(query.limit(limit)).all()
        ids = id_range(reference)
        if ids is None:
            return []
        return self._session.scalars(query.where(RepositoryExport.id.between(ids.first, ids.last)).limit(limit)).all()

    def with_credentials(self, name: str) -> Sequence[RepositoryExport]:
        """Return the completed exports that a credentials block let in, newest first; raises `NotPermitted`."""
        self._require(Permission.ADMINISTER)
        query = select(RepositoryExport).where(
            RepositoryExport.config["credentials"].as_string() == name,
            RepositoryExport.status == ExportStatus.COMPLETED,
        )
        return self._session.scalars(query.order_by(RepositoryExport.completed_at.desc())).all()

    def newest_to(self, repository_url: str) -> RepositoryExport | None:
        """Return the last export that a repository took, by its address."""
        query = select(RepositoryExport).where(
            RepositoryExport.repository_url == repository_url, RepositoryExport.status == ExportStatus.COMPLETED
        )
        return self._session.scalars(query.order_by(RepositoryExport.completed_at.desc()).limit(1)).one_or_none()

    def tree(self, generated_project_id: UUID, tree_digest: str) -> GeneratedProject | None:
        """Return a generation of the same project that has this tree and can still be read."""
        same = select(GeneratedProject.project_id).where(GeneratedProject.id == generated_project_id)
        query = select(GeneratedProject).where(
            GeneratedProject.project_id.in_(same),
            GeneratedProject.tree_digest == tree_digest,
            GeneratedProject.status.in_((GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.ARCHIVED)),
        )
        return self._session.scalars(query.order_by(GeneratedProject.completed_at.desc()).limit(1)).one_or_none()

    def forget_steps(self, export_id: UUID) -> None:
        """Begin the journal anew: what the steps left was taken back."""
        self._session.execute(delete(ExportStep).where(ExportStep.export_id == export_id))

    def steps(self, export_id: UUID) -> Sequence[ExportStep]:
        """Return the journal in the order of its last changes."""
        query = select(ExportStep).where(ExportStep.export_id == export_id)
        return self._session.scalars(query.order_by(ExportStep.at, ExportStep.name)).all()

    def step_started(self, export_id: UUID, name: str, detail: Mapping[str, Any] | None = None) -> ExportStep:
        """Write the intention down before the step acts; a step that is done stays done and is returned."""
        step = self._step(export_id, name)
        if step is None:
            step = ExportStep(export_id=export_id, name=name, state=StepState.STARTED, at=self._clock())
            step.detail = dict(detail or {})
            return self._add(step)
        if step.state is StepState.FAILED:
            self._step_move(step, StepState.STARTED, detail)
        return step

    def step_done(self, export_id: UUID, name: str, detail: Mapping[str, Any] | None = None) -> ExportStep:
        """Write down what the step left."""
        return self._step_move(self._known_step(export_id, name), StepState.DONE, detail)

    def step_failed(self, export_id: UUID, name: str, detail: Mapping[str, Any] | None = None) -> ExportStep:
        """Write down why the step failed."""
        return self._step_move(self._known_step(export_id, name), StepState.FAILED, detail)

    def _row(self, new: NewExport) -> RepositoryExport:
        now = self._clock()
        return RepositoryExport(
            generated_project_id=new.generated_project_id,
            export_type=new.export_type,
            status=ExportStatus.PENDING,
            node_path=new.node_path,
            target_digest=new.target_digest,
            tree_digest=new.tree_digest,
            repository_name=new.repository_name,
            config=dict(new.config),
            created_by=self._scope.user_id,
            created_at=now,
            updated_at=now,
        )

    def _move(self, export: RepositoryExport, status: ExportStatus) -> RepositoryExport:
        export.updated_at = self._clock()
        self._change_status(ENTITY, export, status)
        self._session.flush()
        return export

    def _step(self, export_id: UUID, name: str) -> ExportStep | None:
        query = select(ExportStep).where(ExportStep.export_id == export_id, ExportStep.name == name)
        return self._session.scalars(query).one_or_none()

    def _known_step(self, export_id: UUID, name: str) -> ExportStep:
        return self._step(export_id, name) or self.step_started(export_id, name)

    def _step_move(self, step: ExportStep, state: StepState, detail: Mapping[str, Any] | None) -> ExportStep:
        if step.state is not state:
            check_transition(STEP_ENTITY, step.state, state)
        step.state, step.at = state, self._clock()
        step.detail = step.detail | dict(detail or {})
        self._session.flush()
        return step
