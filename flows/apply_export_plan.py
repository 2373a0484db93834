"""Flow: do exactly what the plan of an export says."""

from typing import Any

from prefect import flow

from repomill.publishing.exports import Exported
from tasks.credentials import load_access
from tasks.export_plans import apply_stored, project_of_plan, target_of_plan
from tasks.export_reports import announce, blocked_is_told
from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.publish import export_facts
from tasks.reports import report_export
from tasks.steps import as_task


@flow(name="apply-export-plan")
async def apply_export_plan(plan: str, acting_user: str = "default") -> dict[str, Any]:
    """Push exactly what a plan says onto exactly the commit it was made for, or nothing if it does not hold any more.

    Args:
        plan: Id of a plan that the deployment `export` made with "plan only", or a unique prefix of it.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        target = await target_of_plan(services, plan)
        async with blocked_is_told(target):
            project = await project_of_plan(services, plan)
        await rename_flow_run(f"apply the plan of {project.name}")
        access = await load_access(target.kind, target.credentials)

        async def apply() -> Exported:
            async with blocked_is_told(target):
                exported = await apply_stored(services, plan, access)
            await report_export(project, exported)
            await announce(project, exported)
            return exported

        return export_facts(await (await as_task(f"Apply the plan of {project.name}", apply)).aresult())
