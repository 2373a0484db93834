"""Flow runs that go on with what others left: started once for each loss, however many ask for it."""

from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed, Scheduled

from storage.database.repositories.orphans import Orphan
from tasks.ownership import LEASE

DEPLOYMENTS = {"run-workflow": "run-workflow/run", "generate-project": "generate-project/generate"}
"""The fixed deployment of each flow that owns executions: it takes `execution_id`, which a workflow's own does not."""

RESTARTS = 3
"""Flow runs for one loss: one may end before it owns the execution."""

STUCK = 2 * LEASE
"""A flow run that is under way for longer and owns nothing never will."""


class Runs(Protocol):
    """The engine, as far as recovery needs it."""

    async def mark_crashed(self, flow_run_id: UUID, reason: str) -> None:
        """Say that a flow run's process is gone, unless it ended."""

    async def restart(self, orphan: Orphan, at: datetime) -> UUID | None:
        """Return the flow run that goes on from `at`; None when there can be none."""


class PrefectRuns:
    """Prefect."""

    async def mark_crashed(self, flow_run_id: UUID, reason: str) -> None:
        async with get_client() as client:
            lost = await _read(client, flow_run_id)
            if lost is not None and not _has_ended(lost):
                await client.set_flow_run_state(flow_run_id, Crashed(message=reason), force=True)

    async def restart(self, orphan: Orphan, at: datetime) -> UUID | None:
        async with get_client() as client:
            name = await _deployment(client, orphan.flow_run_id)
            if name is None:
                return None
            deployment = await client.read_deployment_by_name(name)
            for number in range(1, RESTARTS + 1):
                run = await client.create_flow_run_from_deployment(
                    deployment.id,
                    parameters=_parameters(orphan),
                    state=Scheduled(scheduled_time=at),
                    # The server returns the run that is there: two who recover at once start one.
                    idempotency_key=f"recover-{orphan.execution_id}-{orphan.fence}-{number}",
                )
                if not await _is_useless(client, run):
                    return run.id
        return None


async def _deployment(client: PrefectClient, flow_run_id: UUID | None) -> str | None:
    """Return the deployment that goes on with a flow run; one in a person's own process has none."""
    lost = None if flow_run_id is None else await _read(client, flow_run_id)
    if lost is None or lost.deployment_id is None:
        return None
    return DEPLOYMENTS.get((await client.read_flow(lost.flow_id)).name)


async def _is_useless(client: PrefectClient, run: FlowRun) -> bool:
    if _has_ended(run):
        return True
    state = run.state
    if state is None or not (state.is_pending() or state.is_running()):
        return False
    if state.timestamp > datetime.now(UTC) - STUCK:
        return False
    await client.set_flow_run_state(run.id, Crashed(message="It never took its execution up."), force=True)
    return True


async def _read(client: PrefectClient, flow_run_id: UUID) -> FlowRun | None:
    try:
        return await client.read_flow_run(flow_run_id)
    except ObjectNotFound:
        return None


def _has_ended(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _parameters(orphan: Orphan) -> dict[str, Any]:
    return {
        "workflow_version": str(orphan.workflow_version_id),
        "inputs": dict(orphan.inputs),
        "execution_id": str(orphan.execution_id),
        "acting_user": orphan.user,
    }
