"""What a person finds in the Prefect UI of a discovery: the page of the endpoints."""

from prefect.artifacts import acreate_markdown_artifact

from tasks.api_registry import Discovery
from tasks.discovery import discovery_page
from tasks.reports import artifact_key, best_effort


async def report_api(found: Discovery) -> None:
    """Leave the page of the endpoints, what changed at its top."""
    breaking = sum(change.is_breaking for change in found.changes)
    what = f"{len(found.changes)} changes, {breaking} breaking" if found.changes else "nothing changed"
    what = "read for the first time" if found.number == 1 and found.is_new else what
    description = f"{len(found.description.operations)} operations of {found.name}, {what}"
    async with best_effort("the page of endpoints"):
        await acreate_markdown_artifact(
            discovery_page(found), key=artifact_key(found.name, "endpoints"), description=description
        )
