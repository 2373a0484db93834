"""Exports of stored projects to hosts, one at a time for each repository, journalled in the database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.port import RepositoryAddress, RepositoryHost
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.planning.export import StoredTree
from repomill.publishing.saga.host_export import export_to_host
from repomill.publishing.saga.routes import RoutePlan
from repomill.publishing.saga.wish import HostExported, HostWish
from repomill.trees.pack import read_pack
from repomill.trees.tree import TreeFile
from storage.database.models import GeneratedProject
from storage.database.repositories.exports import ExportResult
from tasks.export_journal import DatabaseJournal
from tasks.host_access import GIT, Access, host_of, secrets_of
from tasks.repository_lease import repository_lease
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import commit_details, opened_pack, stored_project
from tasks.tree_policy import refuse_credentials

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_GUARDED = ".github/workflows/"


def goes_to_host(target: ExportTarget) -> bool:
    """Tell whether a target takes the steps of a host; plain Git does where a mode is asked for."""
    return target.kind in host_kinds() or (target.kind == GIT and target.options.mode is not None)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What goes where, with what lets it in; with `planned`, exactly as that says."""

    project: StoredProject
    target: ExportTarget
    access: Access = None
    planned: RoutePlan | None = None


async def push_to_host(services: Services, job: ExportJob, export_id: UUID) -> ExportResult:
    """Take the steps; raises what `export_to_host` does, `RepositoryBusy` and `TreeBlocked`."""
    name = repository_name(job.target)
    async with connected(job.target, job.access) as host, repository_lease(services, name):
        wish = await host_wish(services, job, host)
        journal = DatabaseJournal(services, export_id)
        return _result(job.target, await export_to_host(host, wish, journal, planned=job.planned))


@asynccontextmanager
async def connected(target: ExportTarget, access: Access) -> AsyncIterator[RepositoryHost]:
    """Give the host of a target, and let its connections go."""
    host = host_of(target, access)
    try:
        yield host
    finally:
        await host.close()


def repository_name(target: ExportTarget) -> str:
    """Name a repository as people write it."""
    return f"{target.kind}:{target.url}"


async def host_wish(services: Services, job: ExportJob, host: RepositoryHost) -> HostWish:
    """Return what is wanted, after a look for the credentials in use among the files.

    Raises:
        TreeBlocked: a file or path holds them.
    """
    project, target, access = job.project, job.target, job.access
    credentials = await host.git_credentials()
    passwords = [credentials.password] if credentials else []
    async with opened_pack(services, project) as pack:
        await refuse_credentials(project.id, read_pack(pack), *secrets_of(access), *passwords)
        guarded = any(file.path.startswith(_GUARDED) for file in read_pack(pack))

    async def stored(digest: str) -> StoredTree | None:
        return await _tree_of(services, project, digest)

    return HostWish(
        address=RepositoryAddress(target.url),
        branch=target.branch,
        tree=tree_of(services, project),
        details=commit_details(project, target.message),
        options=target.options,
        stored=stored,
        workflows=guarded,
    )


def tree_of(services: Services, project: StoredProject) -> StoredTree:
    """Return a project's tree as exports read it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterator[TreeFile]]:
        async with opened_pack(services, project) as pack:
            yield read_pack(pack)

    return StoredTree(project.tree_digest, opened)


def target_json(target: ExportTarget) -> dict[str, Any]:
    """Return a target as the row of an export keeps it; it names credentials, and holds none."""
    return {**asdict(target), "options": target.options.to_json()}


def target_of(config: dict[str, Any]) -> ExportTarget:
    """Read what `target_json` returned."""
    names = ("kind", "url", "branch", "message", "credentials", "options")
    return _adapter().validate_python({name: config[name] for name in names if name in config})


async def _tree_of(services: Services, project: StoredProject, digest: str) -> StoredTree | None:
    def find(work: Any) -> StoredProject | None:
        found: GeneratedProject | None = work.exports.tree(project.id, digest)
        return stored_project(work, found) if found else None

    found = await services.database.run(services.scope, find, read_only=True)
    return tree_of(services, found) if found else None


def _result(target: ExportTarget, done: HostExported) -> ExportResult:
    details = {
        "clone_url": done.clone_url,
        "created": done.created,
        "pushed_branch": done.branch,
        "request": done.request,
        "conflicts": list(done.conflicts),
    }
    url = done.clone_url if target.kind == GIT else done.web_url
    return ExportResult(repository_url=url, commit_sha=done.commit, details=details)


@cache
def _adapter() -> "TypeAdapter[ExportTarget]":
    from pydantic import TypeAdapter

    return TypeAdapter(ExportTarget)
