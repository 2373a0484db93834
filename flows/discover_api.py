"""Flow: read an API's OpenAPI document into the endpoint registry."""

from typing import Any

from prefect import flow

from blocks.http_api import HttpApi
from tasks.api_places import DocumentFile, DocumentUrl, StoredDocument, plain_location
from tasks.api_registry import Discovery
from tasks.api_reports import report_api
from tasks.discovery import discover, discovery_facts
from tasks.flow_runs import rename_flow_run
from tasks.load_services import flow_services
from tasks.steps import as_task


@flow(name="discover-api")
async def discover_api(
    name: str,
    document: DocumentUrl | StoredDocument | DocumentFile,
    further_hosts: tuple[str, ...] = (),
    credentials: HttpApi | None = None,
    acting_user: str = "default",
) -> dict[str, Any]:
    """Read an API's OpenAPI document, keep its operations, and say what changed since the last time.

    Args:
        name: Name under which blocks and workflows know the API.
        document: Where its document is.
        further_hosts: Hosts besides its own that parts of the document may lie on.
        credentials: The API whose credentials the document asks for, where it asks.
        acting_user: Name of the user on whose behalf it runs.
    """
    async with flow_services(acting_user) as services:
        await rename_flow_run(f"discover {name}")
        source = credentials.source(name) if credentials else None

        async def look() -> Discovery:
            place = plain_location(document, services.input_roots)
            found = await discover(services, name, place, further_hosts, source)
            await report_api(found)
            return found

        return discovery_facts(await (await as_task(f"Discover {name}", look)).aresult())
