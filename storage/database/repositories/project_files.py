"""Files of generated projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from repomill.errors import ProjectFileNotFound
from repomill.trees.tree import Entry
from storage.database.models import ProjectFile
from storage.database.repositories.base import Repository

PREVIEW_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a stored tree: what the manifest says, where it lies in the pack, and what people see of it.

    `offset` and `stored_size` are in bytes of the pack; `preview` is cut to 1000 characters.
    """

    entry: Entry
    file_type: str
    preview: str
    offset: int
    stored_size: int
    compression: str


class ProjectFiles(Repository):
    """Reading the files of a generated project; `GeneratedProjects.record_files` writes them."""

    def list(self, generated_project_id: UUID) -> Sequence[ProjectFile]:
        """Return the files by path, in the order of their bytes, as a manifest has them."""
        query = select(ProjectFile).where(ProjectFile.generated_project_id == generated_project_id)
        return sorted(self._session.scalars(query), key=lambda file: file.file_path)

    def get(self, generated_project_id: UUID, path: str) -> ProjectFile:
        """Return one file; raises `ProjectFileNotFound`."""
        query = select(ProjectFile).where(
            ProjectFile.generated_project_id == generated_project_id, ProjectFile.file_path == path
        )
        found = self._session.scalars(query).one_or_none()
        if found is None:
            raise ProjectFileNotFound(path)
        return found

    def of_type(self, file_type: str, limit: int = 50, after: ProjectFile | None = None) -> Sequence[ProjectFile]:
        """Return files of the organisation that have this type, by id, or those that follow the last one of a page."""
        query = select(ProjectFile).where(ProjectFile.file_type == file_type)
        if after is not None:
            query = query.where(ProjectFile.id > after.id)
        return self._session.scalars(query.order_by(ProjectFile.id).limit(limit)).all()

    def with_content(self, sha256: str) -> Sequence[ProjectFile]:
        """Return every file of the organisation that has this content (duplicate detection)."""
        query = select(ProjectFile).where(ProjectFile.content_hash == sha256)
        return self._session.scalars(query.order_by(ProjectFile.created_at, ProjectFile.file_path)).all()
