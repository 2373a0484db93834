"""Publish a stored project: an archive into the artefact store, a commit onto a Git remote, a repository on a host."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from repomill.canonical import digest
from repomill.errors import ArtifactMissing, PlaceUnusable, RepomillError
from repomill.publishing.exports import Exported, ExportTarget
from repomill.publishing.git_push import GitAccess, push_tree
from repomill.publishing.options import DEFAULT_OPTIONS, ExportOptions
from repomill.publishing.targets import ArchiveTarget, GitTarget, HostTarget
from repomill.scratch import scratch_folder
from repomill.trees.archives import ARCHIVE_FORMATS, write_archive
from repomill.trees.pack import read_pack
from storage.artifacts.keys import spare_archive_key
from storage.database.models import RepositoryExport
from storage.database.models.repository_export import ExportType
from storage.database.repositories.exports import ExportResult, NewExport
from storage.database.transitions import ExportStatus
from storage.database.work import Work
from tasks.downloads import Download, download_of, stored_archive, usual_archive
from tasks.export_journal import DatabaseJournal
from tasks.host_access import GIT, Access, git_credentials
from tasks.host_exports import ExportJob, goes_to_host, push_to_host, target_json
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import commit_details, find_project, opened_pack
from tasks.tree_policy import refuse_credentials

ZIP = "zip"


async def publish(
    services: Services,
    project: StoredProject,
    target: ExportTarget,
    node_path: str | None = None,
    access: Access = None,
) -> Exported:
    """Export a project once per node and target; asked again, it finds out what already happened.

    Raises:
        RemoteRefused, RemoteMoved, RemoteUnavailable: see `repomill.publishing.git_push`; the export is recorded as
            failed and can be repeated at no model cost. Likewise what `export_to_host` raises.
        PlaceUnusable: the disk for temporary files is full; recorded likewise.
    """
    export = await begin_export(services, project, target, node_path)
    if export.status is ExportStatus.COMPLETED:
        return _exported(services, export)
    return await carry_out(services, ExportJob(project, target, access), export)


async def carry_out(services: Services, job: ExportJob, export: RepositoryExport) -> Exported:
    """Do an export that has begun; raises as `publish` does."""
    node_path = export.node_path
    try:
        with _disk():
            result = await _act(services, job, export.id)
    except RepomillError as error:
        reason = str(error)
        await services.database.run(services.scope, lambda work: work.exports.fail(export.id, reason))
        raise
    except asyncio.CancelledError:
        if node_path is None:  # within a run, the outcome of the execution closes its exports
            await asyncio.shield(services.database.run(services.scope, lambda work: work.exports.cancel(export.id)))
        raise
    done = await _complete(services, export.id, result)
    if done is None:  # retention is about to remove the archive of an older export of the same tree
        result = await _archive(services, job.project, job.target.kind, spare=export.id.hex)
        done = await services.database.run(services.scope, lambda work: work.exports.complete(export.id, result))
    return _exported(services, done)


async def _complete(services: Services, export_id: UUID, result: ExportResult) -> RepositoryExport | None:
    def write(work: Work) -> RepositoryExport | None:
        if result.archive_path and not work.objects.claim(result.archive_path):
            work.objects.let_go(result.archive_path)  # also what was just written there
            return None
        return work.exports.complete(export_id, result)

    return await services.database.run(services.scope, write)


@contextmanager
def _disk() -> Iterator[None]:
    """Say what the system refuses; the artefact store speaks for itself, so it is about temporary files."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or tempfile.gettempdir()
        raise PlaceUnusable(str(place), error.strerror or str(error)) from error


def export_target(target: GitTarget | HostTarget, options: ExportOptions = DEFAULT_OPTIONS) -> ExportTarget:
    """Return what publishing takes for what `--to` names."""
    if isinstance(target, GitTarget):
        return ExportTarget(GIT, target.url, target.branch, options=options)
    return ExportTarget(target.kind, target.path, target.branch, options=options)


def export_facts(exported: Exported) -> dict[str, Any]:
    """Return what is told of an export that pushed."""
    facts = {"to": exported.url, "branch": exported.branch, "commit": exported.commit, "tree": exported.tree_digest}
    more = {"request": exported.request, "conflicts": list(exported.conflicts)}
    return facts | {name: value for name, value in more.items() if value}


async def publish_to(
    services: Services,
    reference: str,
    target: ArchiveTarget | GitTarget | ExportTarget,
    access: Access,
) -> dict[str, Any]:
    """Export a project to what `--to` names; an archive is also written to the path given there, or linked to."""
    project = await find_project(services, reference)
    if not isinstance(target, ArchiveTarget):
        wanted = target if isinstance(target, ExportTarget) else export_target(target)
        return export_facts(await publish(services, project, wanted, None, access))
    if target.path is None:
        return await _publish_link(services, project, target.format)
    path = target.path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    exported = await publish(services, project, ExportTarget(target.format))
    await services.store.download(await stored_archive(services, project, target.format), path)
    return {"to": path, "bytes": path.stat().st_size, "tree": exported.tree_digest}


async def _publish_link(services: Services, project: StoredProject, format_name: str) -> dict[str, Any]:
    exported = await publish(services, project, ExportTarget(format_name))
    download = await download_of(services, project, format_name) or Download(exported.url)
    ends = {} if download.ends is None else {"opens_until": download.ends}
    return {"to": download.url, **ends, "tree": exported.tree_digest}


async def begin_export(
    services: Services, project: StoredProject, target: ExportTarget, node_path: str | None
) -> RepositoryExport:
    """Return the row of an export that is under way now, or of one that is completed."""
    new = new_export(project, target, node_path)

    def write(work: Any) -> RepositoryExport:
        export: RepositoryExport = work.exports.begin(new)
        if export.status is not ExportStatus.COMPLETED:
            work.exports.exporting(export.id)
        return export

    return await services.database.run(services.scope, write)


def new_export(project: StoredProject, target: ExportTarget, node_path: str | None = None, plan: str = "") -> NewExport:
    """Describe an export; with the digest of a plan it is one of its own."""
    told = [target.kind, target.url, target.branch, target.message]
    more = [target.options.to_json(), plan] if plan or target.options != DEFAULT_OPTIONS else []
    return NewExport(
        generated_project_id=project.id,
        export_type=ExportType(target.kind),
        target_digest=digest([*told, *more]),
        tree_digest=project.tree_digest,
        node_path=node_path,
        repository_name=project.name,
        config=target_json(target) if target.url else {},
    )


async def _act(services: Services, job: ExportJob, export_id: UUID) -> ExportResult:
    if job.planned or goes_to_host(job.target):
        return await push_to_host(services, job, export_id)
    if job.target.kind == GIT:
        return await _push(services, job, export_id)
    return await _archive(services, job.project, job.target.kind)


async def _archive(services: Services, project: StoredProject, format_name: str, spare: str = "") -> ExportResult:
    key = usual_archive(services, project, format_name)
    if spare:
        suffix = ARCHIVE_FORMATS[format_name].suffix
        key = spare_archive_key(services.scope.organisation_id, project.tree_digest, suffix, spare)
    is_there = format_name == ZIP and await _copy_pack(services, project, key)
    if not is_there and not await services.store.exists(key):
        with scratch_folder() as folder:
            path = folder / "archive"
            async with opened_pack(services, project) as pack:
                await _write(format_name, pack, path)
            await services.store.put_file(key, path)
    return ExportResult(archive_path=key, archive_size=await services.store.size(key))


async def _copy_pack(services: Services, project: StoredProject, key: str) -> bool:
    """Let the pack be the archive; tell whether there is one, which of an archived tree there is not."""
    if project.cold_key is not None:
        return False
    try:
        await services.store.copy(project.pack_key, key)
    except ArtifactMissing:  # archived since it was found
        return False
    return True


async def _write(format_name: str, pack: BinaryIO, path: Path) -> None:
    def write() -> None:
        with path.open("wb") as out:
            write_archive(format_name, pack, out)

    await asyncio.to_thread(write)


async def _push(services: Services, job: ExportJob, export_id: UUID) -> ExportResult:
    project, target, credentials = job.project, job.target, git_credentials(job.access)
    async with opened_pack(services, project) as pack:
        if credentials is not None:
            await refuse_credentials(project.id, read_pack(pack), credentials.password)
        pushed = await push_tree(
            read_pack(pack),
            commit_details(project, target.message),
            GitTarget(target.url, target.branch),
            GitAccess(credentials),
            DatabaseJournal(services, export_id),
        )
    return ExportResult(repository_url=pushed.url, commit_sha=pushed.commit)


def _exported(services: Services, export: RepositoryExport) -> Exported:
    url = export.repository_url or services.link(export.archive_path or "")
    told = export.config
    return Exported(
        str(export.id),
        export.export_type.value,
        url,
        export.tree_digest,
        export.commit_sha or "",
        told.get("pushed_branch") or told.get("branch", ""),
        told.get("request", ""),
        tuple(told.get("conflicts", ())),
    )
