"""Flow: run a workflow, store the tree its nodes write, and publish it."""

from typing import Any
from uuid import UUID

from prefect import flow

from blocks.names import RESULT_STORAGE
from flows._recipe import PLAIN_JSON, run_recipe


@flow(name="run-workflow", result_storage=RESULT_STORAGE, result_serializer=PLAIN_JSON, persist_result=False)
async def run_workflow(
    workflow_version: str,
    inputs: dict[str, Any],
    execution_id: UUID | None = None,
    acting_user: str = "default",
) -> Any:
    """Run a workflow: its nodes, the tree they write, and its exports.

    Args:
        workflow_version: A stored workflow by name (its newest version), or the id of one version.
        inputs: What the workflow takes, as one JSON object; `{}` for its defaults.
        execution_id: An execution to take up again; empty for a new one.
        acting_user: Name of the user on whose behalf it runs.
    """
    return await run_recipe(workflow_version, inputs, execution_id, acting_user, publish=True)
