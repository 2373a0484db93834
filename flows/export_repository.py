"""Flow: publish a generated project that is stored already."""

from typing import Any

from prefect import flow

from blocks.git_credentials import GitCredentials
from repomill.publishing.exports import Exported
from tasks.credentials import load_access
from tasks.downloads import download_of
from tasks.export_plans import StoredPlan, plan_export
from tasks.export_reports import announce, blocked_is_told, report_plan
from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.publish import publish
from tasks.reports import report_export
from tasks.steps import as_task
from tasks.stored_trees import find_project
from tasks.targets import Archive, GitRemote, HostRepository, plain_credentials, plain_target


@flow(name="export-repository")
async def export_repository(
    generated_project: str,
    to: Archive | GitRemote | HostRepository,
    credentials: GitCredentials | None = None,
    plan_only: bool = False,
    acting_user: str = "default",
) -> dict[str, Any]:
    """Publish a stored project as an archive, to a Git remote or to a host; makes no model call.

    Args:
        generated_project: Id of a generated project, a unique prefix of it, or `latest`.
        to: Where it goes.
        credentials: What the Git remote asks for, where it asks; a host names its own.
        plan_only: Tell what would change, and change nothing.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        target = plain_target(to, credentials)
        async with blocked_is_told(target):
            project = await find_project(services, generated_project)
        access = plain_credentials(credentials) or await load_access(target.kind, target.credentials)
        await rename_flow_run(f"{'plan' if plan_only else 'export'} {project.name} to {target.kind}")

        async def plan() -> StoredPlan:
            stored = await plan_export(services, str(project.id), target, access)
            await report_plan(stored)
            return stored

        async def export() -> Exported:
            async with blocked_is_told(target):
                exported = await publish(services, project, target, None, access)
            await report_export(project, exported, download=await download_of(services, project, exported.kind))
            await announce(project, exported)
            return exported

        if plan_only:
            stored = await (await as_task(f"Plan {project.name}", plan)).aresult()
            return {"plan": stored.id, "digest": stored.plan.digest, "counts": dict(stored.plan.counts)}
        exported = await (await as_task(f"Export {project.name}", export)).aresult()
        return {
            "url": exported.url,
            "tree": exported.tree_digest,
            "commit": exported.commit,
            "request": exported.request,
        }
