"""Make an automation: export every generated project as an archive as soon as it is completed.

Run it once against the Prefect server in use; running it again brings it up to date.
"""

import asyncio
from datetime import timedelta

from prefect.client.orchestration import get_client
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

NAME = "export what is completed"
PROJECT = {"__prefect_kind": "jinja", "template": "{{ event.payload['id'] }}"}


async def main() -> None:
    """Write the automation."""
    async with get_client() as client:
        deployment = await client.read_deployment_by_name("export-repository/export")
        automation = AutomationCore(
            name=NAME,
            trigger=EventTrigger(
                posture=Posture.Reactive,
                expect={"repomill.generated-project.completed"},
                match={"prefect.resource.id": "repomill.generated-project.*"},
                for_each={"prefect.resource.id"},
                threshold=1,
                within=timedelta(0),
            ),
            actions=[
                RunDeployment(
                    source="selected",
                    deployment_id=deployment.id,
                    parameters={"generated_project": PROJECT, "to": {"format": "tar.zst"}},
                )
            ],
        )
        known = await client.read_automations_by_name(NAME)
        if known:
            await client.update_automation(known[0].id, automation)
        else:
            await client.create_automation(automation)


if __name__ == "__main__":
    asyncio.run(main())
