"""The flow run around us: its id, and a name that says what it does."""

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run


def flow_run_id() -> UUID | None:
    """Return the id of the flow run this code is in."""
    found = flow_run.id
    return UUID(str(found)) if found else None


async def rename_flow_run(name: str) -> None:
    """Give the flow run a name that says what it does."""
    found = flow_run_id()
    if found is not None:
        async with get_client() as client:
            await client.update_flow_run(found, name=name)
