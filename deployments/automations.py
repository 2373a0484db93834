"""Automations of the Prefect server: what it does by itself when something happens to our flow runs."""

from datetime import timedelta

from prefect.client.orchestration import PrefectClient
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from deployments.environment import OWNER_TAG, RECOVER


async def ensure_automations(client: PrefectClient) -> None:
    """Write ours, over those of the same name."""
    for automation in [await _recover_after_a_crash(client)]:
        known = await client.read_automations_by_name(automation.name)
        if known:
            await client.update_automation(known[0].id, automation)
        else:
            await client.create_automation(automation)


async def _recover_after_a_crash(client: PrefectClient) -> AutomationCore:
    """Look for orphaned executions as soon as a flow run that may own one crashes, and not only with the schedule."""
    deployment = await client.read_deployment_by_name(RECOVER)
    return AutomationCore(
        name="repomill: recover executions after a crash",
        description="A flow run that works on an execution crashed: what it left is taken up again.",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect={"prefect.flow-run.Crashed"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{OWNER_TAG}"},
            for_each={"prefect.resource.id"},
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=deployment.id)],
    )
