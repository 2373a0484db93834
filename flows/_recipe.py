"""The recipe that running a workflow and generating a project share."""

import asyncio
from typing import Any
from uuid import UUID

from prefect.serializers import JSONSerializer
from prefect.states import Cancelled as CancelledState

from repomill.errors import Cancelled
from tasks.failure_reports import failure_report
from tasks.flow_runs import flow_run_id, rename_flow_run
from tasks.load_services import flow_services
from tasks.node_progress import node_progress
from tasks.open_execution import open_execution
from tasks.reports import report_run
from tasks.run_graph import run_graph
from tasks.run_output import store_output
from tasks.steps import once, store_tree
from tasks.worst_case_reports import report_worst_case

# Prefect's own "json" would rebuild Python objects from `__class__` keys, and model answers may hold such keys.
PLAIN_JSON = JSONSerializer(object_encoder=None, object_decoder=None)


async def run_recipe(
    workflow_version: str, inputs: dict[str, Any], execution_id: UUID | None, acting_user: str, *, publish: bool
) -> Any:
    """Own the execution, walk its graph, store its tree, say what came of it.

    A cancelled run ends as Cancelled in Prefect too, which would call it Crashed otherwise.
    """
    try:
        return await _run(workflow_version, inputs, execution_id, acting_user, publish=publish)
    except (asyncio.CancelledError, Cancelled):
        return CancelledState(message="Cancelled; `repomill execution resume` takes it up where it stopped.")


async def _run(
    workflow_version: str, inputs: dict[str, Any], execution_id: UUID | None, acting_user: str, *, publish: bool
) -> dict[str, Any]:
    async with (
        flow_services(acting_user) as services,
        failure_report() as shown,
        open_execution(services, workflow_version, inputs, execution_id, flow_run_id()) as run,
    ):
        shown.run = run
        await rename_flow_run(run.title())
        await report_worst_case(run)
        tree = once(lambda: store_tree(run))
        async with node_progress(run) as progress:
            await run_graph(run, tree, progress, publish=publish)
        await tree()
        if publish:  # it may speak of what was published
            await store_output(run)
        await report_run(run)
        return run.outcome()
