"""Start runs of deployments, and see them end."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.deployments import arun_deployment
from prefect.states import Cancelling

LOOK_EVERY = 2.0
"""Seconds between two looks at a run's state."""


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A flow run that a worker will take."""

    id: UUID
    name: str


async def start_run(deployment: str, parameters: dict[str, Any]) -> StartedRun:
    """Create a run of a deployment (`flow/name`) and return at once."""
    found = await arun_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False)
    return StartedRun(found.id, found.name)


async def wait_for_end(flow_run_id: UUID) -> str:
    """Return the name of the state a run ended in, also of one that crashed; an API that is away is waited for."""
    async with get_client() as client:
        while True:
            try:
                state = (await client.read_flow_run(flow_run_id)).state
            except HTTPError:
                state = None
            if state is not None and state.is_final():
                return str(state.name)
            await asyncio.sleep(LOOK_EVERY)


async def cancel_run(flow_run_id: UUID) -> None:
    """Ask the worker to stop a run."""
    async with get_client() as client:
        await client.set_flow_run_state(flow_run_id, Cancelling())
