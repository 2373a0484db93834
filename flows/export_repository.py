"""Flow: publish a generated project that is stored already."""

from typing import Any

from prefect import flow

from blocks.git_credentials import GitCredentials
from repomill.nodes.base import Exported
from tasks.downloads import download_of
from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.publish import publish
from tasks.reports import report_export
from tasks.steps import as_task
from tasks.stored_trees import find_project
from tasks.targets import Archive, GitRemote, plain_credentials, plain_target


@flow(name="export-repository")
async def export_repository(
    generated_project: str,
    to: Archive | GitRemote,
    credentials: GitCredentials | None = None,
    acting_user: str = "default",
) -> dict[str, Any]:
    """Publish a stored project as an archive or to a Git remote; makes no model call.

    Args:
        generated_project: Id of a generated project, a unique prefix of it, or `latest`.
        to: Where it goes.
        credentials: What the Git remote asks for, where it asks.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        project, target = await find_project(services, generated_project), plain_target(to)
        await rename_flow_run(f"export {project.name} to {target.kind}")

        async def export() -> Exported:
            exported = await publish(services, project, target, None, plain_credentials(credentials))
            await report_export(project, exported, download=await download_of(services, project, exported.kind))
            return exported

        exported = await (await as_task(f"Export {project.name}", export)).aresult()
        return {"url": exported.url, "tree": exported.tree_digest, "commit": exported.commit}
