"""The Prefect deployment of a stored workflow: its form is the workflow's own inputs."""

from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import get_client

from deployments.environment import WORK_POOL
from deployments.seeding import ensure_work_pool
from repomill.workflow.inputs import input_schema
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import WorkflowVersion
from tasks.services import Services

FLOW = "run-workflow"
ENTRYPOINT = "flows.run_workflow.run_workflow"


@dataclass(frozen=True, slots=True)
class WorkflowDeployment:
    """A workflow's deployment; `form_path` is the page of its form, relative to the Prefect UI."""

    workflow: str
    name: str
    form_path: str


async def deploy_workflow(services: Services, version: WorkflowVersion) -> WorkflowDeployment:
    """Create the workflow's deployment, or move it to this version."""
    spec = WorkflowSpec.model_validate(version.definition)
    async with get_client() as client:
        await ensure_work_pool(client)
        deployment_id = await client.create_deployment(
            flow_id=await client.create_flow_from_name(FLOW),
            name=spec.name,
            version=str(version.number),
            description=spec.description or None,
            entrypoint=ENTRYPOINT,
            work_pool_name=WORK_POOL,
            tags=["repomill", "workflow"],
            pull_steps=[],
            parameters={"workflow_version": str(version.id)},
            parameter_openapi_schema=form_schema(spec),
            enforce_parameter_schema=True,
        )
    await services.database.run(services.scope, lambda work: work.workflows.set_deployment(version.id, deployment_id))
    return WorkflowDeployment(spec.name, f"{FLOW}/{spec.name}", f"deployments/deployment/{deployment_id}/run")


def form_schema(spec: WorkflowSpec) -> dict[str, Any]:
    """Return the parameter schema of the deployment: the inputs in front, the fixed version behind them.

    Fields keep the order in which the specification lists them; the UI would lose it otherwise.
    """
    inputs = input_schema(spec)
    positioned = {
        name: {"position": place, **(field if isinstance(field, dict) else {})}
        for place, (name, field) in enumerate(inputs["properties"].items())
    }
    return {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "inputs": {"title": "Inputs", "position": 0, **inputs, "properties": positioned},
            "workflow_version": {
                "title": "Workflow version",
                "description": "Set by `repomill workflow add`.",
                "type": "string",
                "position": 1,
            },
            "acting_user": {
                "title": "Acting user",
                "description": "Name of the user on whose behalf it runs.",
                "type": "string",
                "default": "default",
                "position": 2,
            },
            "execution_id": {
                "title": "Execution",
                "description": "An execution to take up again; empty for a new one.",
                "anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}],
                "default": None,
                "position": 3,
            },
        },
        "required": ["inputs"] if inputs.get("required") else [],
    }
