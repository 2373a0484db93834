"""What people changed in a repository since the last export; asks no model."""

from repomill.errors import ExportNotFound
from repomill.publishing.git_push import GitAccess
from repomill.publishing.planning.drift import Drift, find_drift
from repomill.publishing.planning.export import Export
from repomill.publishing.targets import GitTarget
from storage.database.models import RepositoryExport
from storage.database.transitions import ExportStatus
from storage.database.work import Work
from tasks.host_access import Access, git_credentials
from tasks.host_exports import connected, goes_to_host, repository_name, target_of, tree_of
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import stored_project

_LOOKED_AT = 1000
"""Exports among which the last one to a repository is looked for."""


async def last_export(services: Services, repository: str) -> RepositoryExport:
    """Return the last completed export to a repository: its address, `KIND:OWNER/NAME`, or an export's id.

    Raises:
        ExportNotFound: there is none.
    """

    def find(work: Work) -> RepositoryExport | None:
        done = (found for found in work.exports.find(_LOOKED_AT) if found.status is ExportStatus.COMPLETED)
        return next((found for found in done if repository in _names(found)), None)

    found = await services.database.run(services.scope, find, read_only=True)
    if found is None:
        raise ExportNotFound(repository)
    return found


async def drift_of(services: Services, repository: str, access: Access) -> Drift:
    """Compare the branch that was pushed to with the tree that was exported; raises as `find_drift` does."""
    export = await last_export(services, repository)

    def read(work: Work) -> StoredProject:
        return stored_project(work, work.generated_projects.get(export.generated_project_id))

    project = await services.database.run(services.scope, read, read_only=True)
    target = target_of(export.config)
    credentials = git_credentials(access)
    if goes_to_host(target):
        async with connected(target, access) as host:
            credentials = await host.git_credentials()
    url = export.config.get("clone_url") or export.repository_url or ""
    branch = export.config.get("pushed_branch") or target.branch
    return await find_drift(Export(tree_of(services, project), GitTarget(url, branch), access=GitAccess(credentials)))


def _names(export: RepositoryExport) -> set[str]:
    names = {str(export.id), export.repository_url or "", export.config.get("clone_url", "")}
    return names | ({repository_name(target_of(export.config))} if "kind" in export.config else set())
