"""Read what is stored of generated projects: whole trees, single files, checkouts."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from repomill.errors import ArtifactMissing, ProjectNotReady
from repomill.publishing.checkout import check_out_history
from repomill.publishing.commits import CommitDetails, Signature
from repomill.publishing.history import Generation, Written
from repomill.trees.pack import Compression, Member, packed_files, read_pack, unpack_member
from repomill.trees.policy import Verdict
from repomill.trees.tree import Entry, FileMode, TreeFile
from storage.database.models import GeneratedProject, ProjectFile
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work
from tasks.cold_trees import restored_pack
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.tree_policy import blocked

_READABLE = (GeneratedProjectStatus.COMPLETED, GeneratedProjectStatus.ARCHIVED)

AUTHOR_NAME = "Repomill"
AUTHOR_EMAIL = "repomill@localhost"


def stored_project(work: Work, project: GeneratedProject) -> StoredProject:
    """Return what publishing needs to know of a completed project.

    Raises:
        ProjectNotReady: its tree is not stored, or is gone.
        TreeBlocked: its policy does not let it leave.
    """
    if project.status is GeneratedProjectStatus.BLOCKED:
        raise blocked(project.id, Verdict.from_json(project.verdict or {}))
    if project.status not in _READABLE:
        raise ProjectNotReady(str(project.id), project.status.value)
    assert project.tree_digest and project.pack_key and project.completed_at  # noqa: S101, PT018  # what completed means
    return StoredProject(
        id=project.id,
        name=work.projects.get(project.project_id).name,
        execution_id=str(project.workflow_execution_id or ""),
        tree_digest=project.tree_digest,
        pack_key=project.pack_key,
        total_files=project.total_files,
        total_size=project.total_size,
        completed_at=project.completed_at,
        cold_key=project.cold_key,
    )


async def find_project(services: Services, reference: str) -> StoredProject:
    """Look a completed project up by id, prefix or `latest`."""
    return await services.database.run(
        services.scope, lambda work: stored_project(work, work.generated_projects.resolve(reference)), read_only=True
    )


@asynccontextmanager
async def opened_pack(services: Services, project: StoredProject) -> AsyncIterator[BinaryIO]:
    """Give the project's pack as a local file that is gone after the block; one that is archived is restored.

    So is one that was archived since it was found: retention does not wait for readers.
    """
    if project.cold_key is None:
        try:
            pack = await services.store.open(project.pack_key)
        except ArtifactMissing as missing:
            project = await _archived_since(services, project, missing)
        else:
            with pack:
                yield pack
            return
    async with restored_pack(services.store, project.cold_key or "", project.tree_digest) as restored:
        yield restored


@asynccontextmanager
async def opened_object(services: Services, key: str) -> AsyncIterator[BinaryIO]:
    """Give an object of the artefact store as a local file that is gone after the block."""
    with await services.store.open(key) as content:
        yield content


async def read_file(services: Services, reference: str, path: str) -> bytes:
    """Return one file's bytes by one range read of the pack; an archived tree is restored for it.

    Raises:
        ProjectFileNotFound: the project has no such file.
        TreeCorrupt: the store gave other bytes than were stored.
    """

    def find(work: Work) -> tuple[StoredProject, ProjectFile]:
        project = stored_project(work, work.generated_projects.resolve(reference))
        return project, work.project_files.get(project.id, path)

    project, file = await services.database.run(services.scope, find, read_only=True)
    if project.cold_key is None:
        try:
            raw = await services.store.get_range(project.pack_key, file.data_offset, file.stored_size)
        except ArtifactMissing as missing:
            project = await _archived_since(services, project, missing)
        else:
            return unpack_member(_member(file), raw)
    async with opened_pack(services, project) as pack:
        return await asyncio.to_thread(_content, pack, path)


async def _archived_since(services: Services, project: StoredProject, missing: ArtifactMissing) -> StoredProject:
    """Return a project whose pack is gone as it is now; raises `missing` when it was not archived."""
    found = await find_project(services, str(project.id))
    if found.cold_key is None:
        raise missing
    return found


async def find_history(services: Services, reference: str) -> list[StoredProject]:
    """Return a completed project as it was generated again and again, oldest first; the one named is the last."""

    def find(work: Work) -> list[StoredProject]:
        asked = work.generated_projects.resolve(reference)
        stored_project(work, asked)  # raises when it must not leave
        return [stored_project(work, found) for found in work.generated_projects.completed_until(asked)]

    return await services.database.run(services.scope, find, read_only=True)


async def check_out(services: Services, reference: str, folder: Path, *, force: bool = False) -> Written:
    """Write the tree into a folder, with a Git repository of the project's history; see `check_out_history`."""
    history = await find_history(services, reference)
    return await check_out_history([_generation(services, project) for project in history], folder, force=force)


def commit_details(project: StoredProject, message: str = "") -> CommitDetails:
    """Return what a commit of the project says; the same for every try, so that its id is the same."""
    return CommitDetails(
        signature=Signature(AUTHOR_NAME, AUTHOR_EMAIL, project.completed_at),
        execution_id=project.execution_id,
        tree_digest=project.tree_digest,
        project=project.name,
        message=message or f"Generate {project.name}",
    )


def _generation(services: Services, project: StoredProject) -> Generation:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterator[TreeFile]]:
        async with opened_pack(services, project) as pack:
            yield read_pack(pack)

    return Generation(commit_details(project), opened)


def _content(pack: BinaryIO, path: str) -> bytes:
    """Return a file of the pack that the database knows of."""
    return next(file.content for file in packed_files(pack) if file.path == path)


def _member(file: ProjectFile) -> Member:
    # The database's own constraints hold these two columns to the values that the types name.
    mode, compression = cast("FileMode", file.mode), cast("Compression", file.compression)
    entry = Entry(file.file_path, mode, file.file_size, file.content_hash)
    return Member(entry, file.data_offset, file.stored_size, compression)
