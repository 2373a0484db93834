"""The Prefect deployment of a stored workflow: its form is the workflow's own inputs."""

from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import get_client

from deployments._form_references import lift_definitions
from deployments.environment import OWNER_TAG, WORK_POOL
from deployments.seeding import ensure_work_pool
from repomill.workflow.inputs import input_schema
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import WorkflowVersion
from tasks.services import Services

FLOW = "run-workflow"
ENTRYPOINT = "flows.run_workflow.run_workflow"


@dataclass(frozen=True, slots=True)
class WorkflowDeployment:
    """A workflow's deployment; `form_path` is the page of its form, relative to the Prefect UI.

    `/v2` is served by every server that has this UI; one that has only the first redirects it.
    """

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
            tags=["repomill", OWNER_TAG],
            pull_steps=[],
            # The empty inputs stand in for a caller of the API who names none and is content with the defaults.
            parameters={"workflow_version": str(version.id), "inputs": {}},
            parameter_openapi_schema=form_schema(spec),
            enforce_parameter_schema=True,
        )
    await services.database.run(services.scope, lambda work: work.workflows.set_deployment(version.id, deployment_id))
    return WorkflowDeployment(spec.name, f"{FLOW}/{spec.name}", f"v2/deployments/deployment/{deployment_id}/run")


def form_schema(spec: WorkflowSpec) -> dict[str, Any]:
    """Return the parameter schema of the deployment: the workflow's inputs and nothing else.

    The version is a fixed parameter of the deployment; what is not listed here cannot be changed in the form. Fields
    keep the order in which the specification lists them; the UI would lose it otherwise.
    """
    inputs, definitions = lift_definitions(input_schema(spec))
    return {
        "title": "Parameters",
        "type": "object",
        "properties": {"inputs": {"title": "Inputs", "position": 0, **_positioned(inputs)}},
        "required": ["inputs"],
        "definitions": {name: _positioned(schema) for name, schema in definitions.items()},
    }


def _positioned(schema: Any) -> Any:
    """Number and name the fields of an object, and of the objects in it; `true` and `false` are schemas too, and stay.

    The form would call a field without a title after its Python type: "str".
    """
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return schema
    properties = {
        name: {"position": place, "title": _title(name), **_positioned(field)} if isinstance(field, dict) else field
        for place, (name, field) in enumerate(schema["properties"].items())
    }
    return schema | {"properties": properties}


def _title(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
