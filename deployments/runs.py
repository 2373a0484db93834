"""Start runs of deployments."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.deployments import arun_deployment
from prefect.states import Cancelling


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A flow run that a worker will take."""

    id: UUID
    name: str


async def start_run(deployment: str, parameters: dict[str, Any]) -> StartedRun:
    """Create a run of a deployment (`flow/name`) and return at once."""
    found = await arun_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    return StartedRun(found.id, found.name)


async def cancel_run(flow_run_id: UUID) -> None:
    """Ask the worker to stop a run."""
    async with get_client() as client:
        await client.set_flow_run_state(flow_run_id, Cancelling())
