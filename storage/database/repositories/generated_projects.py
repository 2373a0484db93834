"""Generated projects, from pending to completed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select, tuple_

from repomill.errors import AmbiguousReference, GeneratedProjectNotFound
from repomill.roles import Permission
from storage.database.lease import Lease
from storage.database.models import GeneratedProject, ProjectFile
from storage.database.repositories._bulk import insert_rows
from storage.database.repositories._leases import Leases
from storage.database.repositories._pages import newest_first
from storage.database.repositories._references import LATEST, MATCHES_SHOWN, id_range
from storage.database.repositories.base import Repository
from storage.database.repositories.limits import Limits
from storage.database.repositories.project_files import PREVIEW_CHARACTERS, StoredFile
from storage.database.transitions import GeneratedProjectStatus

ENTITY = "generated project"


@dataclass(frozen=True, slots=True)
class StoredTree:
    """A tree in the artefact store; sizes are in bytes of the files, not of the pack."""

    digest: str
    pack_key: str
    pack_format: int
    total_files: int
    total_size: int


@dataclass(slots=True)
class _Written:
    files: int = 0
    bytes: int = 0

    def counted(self, files: Iterable[StoredFile]) -> Iterator[StoredFile]:
        """Yield the files and count them on their way."""
        for file in files:
            self.files += 1
            self.bytes += file.entry.size
            yield file


class GeneratedProjects(Repository):
    """The projects that executions generated; what a run writes names its lease and raises `OwnershipLost`."""

    def open(self, lease: Lease, output_directory: str) -> GeneratedProject:
        """Return the project of the lease's execution, a pending one the first time."""
        execution = self._leases().guarded(lease)
        found = self.of_execution(lease.execution_id)
        if found is not None:
            return found
        now = self._clock()
        project = GeneratedProject(
            project_id=execution.project_id,
            workflow_execution_id=execution.id,
            output_directory=output_directory,
            status=GeneratedProjectStatus.PENDING,
            created_by=self._scope.user_id,
            created_at=now,
            updated_at=now,
        )
        self._add(project)
        self._created(ENTITY, project)
        return project

    def generating(self, lease: Lease, project_id: UUID) -> GeneratedProject:
        """Files are being made; an error of an earlier attempt is forgotten."""
        project = self._guarded(lease, project_id)
        project.error_message = None
        return self._move(project, GeneratedProjectStatus.GENERATING)

    def record_files(self, lease: Lease, project_id: UUID, files: Iterable[StoredFile]) -> int:
        """Write the files and return their number; those of an attempt that got half way are replaced.

        Raises:
            OwnershipLost: another process works on the execution.
            LimitReached: the organisation has no room for them.
        """
        project = self._guarded(lease, project_id)
        self._session.execute(delete(ProjectFile).where(ProjectFile.generated_project_id == project.id))
        now, written = self._clock(), _Written()
        rows = (self._file_row(project.id, file, now) for file in written.counted(files))
        insert_rows(self._session, ProjectFile.metadata.tables["project_files"], rows)
        Limits(self._session, self._scope, self._clock).check_tree(written.files, written.bytes)
        return written.files

    def complete(
        self, lease: Lease, project_id: UUID, tree: StoredTree, verdict: Mapping[str, Any] | None = None
    ) -> GeneratedProject:
        """The tree is stored, its files are recorded, and the policy lets it leave."""
        project = self._with_tree(self._guarded(lease, project_id), tree)
        project.verdict = None if verdict is None else dict(verdict)
        return self._completed(project)

    def block(
        self, lease: Lease, project_id: UUID, tree: StoredTree, reason: str, verdict: Mapping[str, Any] | None = None
    ) -> GeneratedProject:
        """A policy refuses the tree: it is kept, but cannot leave."""
        project = self._with_tree(self._guarded(lease, project_id), tree)
        project.error_message, project.verdict = reason, None if verdict is None else dict(verdict)
        return self._move(project, GeneratedProjectStatus.BLOCKED)

    def release(self, project_id: UUID, verdict: Mapping[str, Any] | None = None) -> GeneratedProject:
        """The policy changed: a blocked project is completed; raises `IllegalTransition` for any other."""
        self._require(Permission.RUN)
        project = self.get(project_id)
        project.verdict = None if verdict is None else dict(verdict)
        return self._completed(project)

    def fail(self, lease: Lease, project_id: UUID, reason: str) -> GeneratedProject:
        """Generation ended with an error."""
        project = self._guarded(lease, project_id)
        project.error_message = reason
        return self._move(project, GeneratedProjectStatus.FAILED)

    def cancel(self, lease: Lease, project_id: UUID) -> GeneratedProject:
        """Generation was stopped."""
        return self._move(self._guarded(lease, project_id), GeneratedProjectStatus.CANCELLED)

    def get(self, project_id: UUID) -> GeneratedProject:
        """Return one by its whole id; raises `GeneratedProjectNotFound`."""
        query = select(GeneratedProject).where(GeneratedProject.id == project_id)
        found = self._session.scalars(query).one_or_none()
        if found is None:
            raise GeneratedProjectNotFound(str(project_id))
        return found

    def of_execution(self, execution_id: UUID) -> GeneratedProject | None:
        """Return the project an execution generated, None when it has none yet."""
        query = select(GeneratedProject).where(GeneratedProject.workflow_execution_id == execution_id)
        return self._session.scalars(query).one_or_none()

    def list(
        self,
        limit: int = 50,
        project_id: UUID | None = None,
        status: GeneratedProjectStatus | None = None,
        after: GeneratedProject | None = None,
    ) -> Sequence[GeneratedProject]:
        """Return the newest first, of one project or of all, or those that follow the last one of a page."""
        query = select(GeneratedProject)
        if project_id is not None:
            query = query.where(GeneratedProject.project_id == project_id)
        if status is not None:
            query = query.where(GeneratedProject.status == status)
        behind = None if after is None else (after.created_at, after.id)
        return self._session.scalars(newest_first(query, GeneratedProject, limit, behind)).all()

    def completed_until(self, last: GeneratedProject) -> Sequence[GeneratedProject]:
        """Return the completed generations of the same project, also archived ones, oldest first.

        One that can be read is itself the last.
        """
        when = tuple_(GeneratedProject.completed_at, GeneratedProject.id)
        query = select(GeneratedProject).where(
            GeneratedProject.project_id == last.project_id,
            GeneratedProject.status.in_((GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.ARCHIVED)),
            when <= (last.completed_at, last.id),
        )
        return self._session.scalars(query.order_by(GeneratedProject.completed_at, GeneratedProject.id)).all()

    def resolve(self, reference: str) -> GeneratedProject:
        """Return what an id, a prefix of one, or `latest` means.

        Raises:
            GeneratedProjectNotFound: it means none.
            AmbiguousReference: it is a prefix of several ids.
        """
        if reference == LATEST:
            matches: Sequence[GeneratedProject] = self.list(1)
        elif ids := id_range(reference):
            query = select(GeneratedProject).where(GeneratedProject.id.between(ids.first, ids.last))
            matches = self._session.scalars(query.limit(MATCHES_SHOWN)).all()
        else:
            matches = []
        if len(matches) > 1:
            raise AmbiguousReference("project", reference, tuple(str(match.id) for match in matches))
        if not matches:
            raise GeneratedProjectNotFound(reference)
        return matches[0]

    def _leases(self) -> Leases:
        return Leases(self._session, self._scope, self._clock)

    def _guarded(self, lease: Lease, project_id: UUID) -> GeneratedProject:
        self._leases().guard(lease)
        return self.get(project_id)

    def _with_tree(self, project: GeneratedProject, tree: StoredTree) -> GeneratedProject:
        project.tree_digest, project.pack_key, project.pack_format = tree.digest, tree.pack_key, tree.pack_format
        project.total_files, project.total_size = tree.total_files, tree.total_size
        return project

    def _completed(self, project: GeneratedProject) -> GeneratedProject:
        project.completed_at = project.completed_at or self._clock()
        project.error_message = None
        return self._move(project, GeneratedProjectStatus.COMPLETED)

    def _move(self, project: GeneratedProject, status: GeneratedProjectStatus) -> GeneratedProject:
        project.updated_at = self._clock()
        self._change_status(ENTITY, project, status)
        self._session.flush()
        return project

    def _file_row(self, project_id: UUID, file: StoredFile, now: datetime) -> dict[str, Any]:
        return {
            "id": uuid4(),
            "organisation_id": self._scope.organisation_id,
            "generated_project_id": project_id,
            "file_path": file.entry.path,
            "file_name": file.entry.path.rpartition("/")[2],
            "file_type": file.file_type,
            "file_size": file.entry.size,
            "content_hash": file.entry.sha256,
            "content_preview": file.preview[:PREVIEW_CHARACTERS],
            "mode": file.entry.mode,
            "data_offset": file.offset,
            "stored_size": file.stored_size,
            "compression": file.compression,
            "created_at": now,
            "updated_at": now,
        }
