"""Flow: put new credentials of a Git host in the place of old ones."""

from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.rotation import KINDS, Rotation, rotate
from tasks.rotation_reports import report_rotation
from tasks.steps import as_task

Kind = Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]


@flow(name="rotate-credentials")
async def rotate_credentials(
    kind: Kind, credentials: str, replacement: str, acting_user: str = "default"
) -> dict[str, Any]:
    """Check new credentials, put them in the place of old ones, and report what used the old ones.

    Args:
        kind: Kind of host that they are for.
        credentials: Name of the block that workflows and exports name; it keeps this name.
        replacement: Name of the block that holds the new credentials; it is removed afterwards.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        await rename_flow_run(f"rotate {credentials}")

        async def work() -> Rotation:
            rotation = await rotate(services, kind, credentials, replacement)
            await report_rotation(rotation)
            return rotation

        return (await (await as_task(f"Rotate {credentials}", work)).aresult()).facts()
