"""Discover an API: read its document, keep what it describes, say what changed."""

import re
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from repomill.apis.client import HttpApi
from repomill.apis.page import change_lines, endpoints_page
from repomill.apis.source import ApiSource, host_of
from repomill.errors import ApiNameInvalid
from tasks.api_documents import STORED, file_location, read_api
from tasks.api_registry import Discovery, store_api
from tasks.http_apis import acting_user
from tasks.services import Services

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


async def discover(
    services: Services, name: str, location: str, hosts: Sequence[str] = (), source: ApiSource | None = None
) -> Discovery:
    """Read a document into the registry under a name; `source` has the credentials that the document asks for.

    Raises:
        ApiNameInvalid: the name has other characters than a workflow may use.
        ApiDocumentInvalid, ApiDocumentTooLarge, ApiDocumentUnreadable, AddressRefused: the document cannot be used.
    """
    if not _NAME.fullmatch(name):
        raise ApiNameInvalid(name)
    if source is None:
        description = await read_api(services, location, hosts)
    else:
        async with aclosing(HttpApi(_reader(source, location, hosts), None, await acting_user(services), "")) as api:
            description = await read_api(services, location, hosts, api)
    return await store_api(services, name, description, location)


def _reader(source: ApiSource, location: str, hosts: Sequence[str]) -> ApiSource:
    """Return the source as it reads a document at a URL, whose host a person named."""
    if urlsplit(location).scheme not in {"http", "https"}:
        return source.model_copy(update={"further_hosts": (*source.further_hosts, *hosts)})
    more = (*source.further_hosts, *hosts, host_of(location))
    return source.model_copy(update={"base_url": source.base_url or location, "further_hosts": more})


def location_of(text: str) -> str:
    """Return the location that a person means: a URL, an object of the store, or else a file."""
    is_url = urlsplit(text).scheme in {"http", "https", "file"} or text.startswith(STORED)
    return text if is_url else file_location(Path(text))


def discovery_facts(found: Discovery) -> dict[str, Any]:
    """Return in small plain data what was found."""
    return {
        "api": found.name,
        "title": found.description.title,
        "version": found.number,
        "is_new": found.is_new,
        "operations": len(found.description.operations),
        "digest": found.description.digest,
        "changes": list(change_lines(found.changes)),
        "breaking": sum(change.is_breaking for change in found.changes),
        "notes": list(found.description.notes),
    }


def discovery_page(found: Discovery) -> str:
    """Return the Markdown page of the endpoints."""
    return endpoints_page(found.name, found.description, found.changes)
