"""Where documents of APIs may be read: over HTTP, in a folder, in the artefact store."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from repomill.apis.client import HttpApi
from repomill.apis.description import ApiDescription
from repomill.apis.documents import BOUNDS, Bounds
from repomill.apis.gathering import Fetch, gather
from repomill.apis.reading import describe
from repomill.apis.source import ActingUser, ApiSource
from repomill.errors import ApiDocumentTooLarge, ApiDocumentUnreadable
from tasks.services import Services

SUFFIXES = frozenset({".json", ".yaml", ".yml"})
STORED = "artifact:"
"""Begins the name of an object of the artefact store."""

NOBODY = ActingUser("", "", "", "")
READ_TIMEOUT = 60.0


async def read_api(
    services: Services, location: str, hosts: Sequence[str] = (), api: HttpApi | None = None, bounds: Bounds = BOUNDS
) -> ApiDescription:
    """Read a document and all it refers to.

    Args:
        services: whose artefact store is read.
        location: an http or https URL, a `file:` URL, or `artifact:` and a key.
        hosts: hosts besides the document's own that its parts may lie on.
        api: an API whose credentials the document asks for.
        bounds: how large it may be.

    Raises:
        ApiDocumentInvalid, ApiDocumentTooLarge, ApiDocumentUnreadable, AddressRefused: it cannot be used.
    """
    if urlsplit(location).scheme in {"http", "https"}:
        async with aclosing(_reader(location, hosts)) as reader:
            gathered = await gather(location, _over_http(api or reader, bounds), bounds)
    else:
        gathered = await gather(location, _local_fetch(services, location, bounds), bounds)
    return await asyncio.to_thread(describe, gathered)


def file_location(path: Path) -> str:
    """Return the location of a file."""
    return path.resolve().as_uri()


def _local_fetch(services: Services, location: str, bounds: Bounds) -> Fetch:
    if urlsplit(location).scheme == "file":
        return _from_folder(_path(location).parent, bounds)
    if location.startswith(STORED):
        return _from_store(services, bounds)
    raise ApiDocumentUnreadable(location, "give an http, https or file URL, or `artifact:` and a key")


def _reader(location: str, hosts: Sequence[str]) -> HttpApi:
    """Return a way to the document's host and those that were named, without any credentials."""
    parts = urlsplit(location)
    base = f"{parts.scheme}://{parts.netloc}"
    source = ApiSource(name="document", block="", base_url=base, timeout=READ_TIMEOUT, further_hosts=tuple(hosts))
    return HttpApi(source, None, NOBODY, "", rules=replace(source.rules(base), never_metadata=True))


def _over_http(reader: HttpApi, bounds: Bounds) -> Fetch:
    async def fetch(uri: str) -> bytes:
        answer = await reader.read(uri, bounds.size)
        if answer.status != 200:
            raise ApiDocumentUnreadable(uri, f"the server answered {answer.status}")
        return answer.content

    return fetch


def _from_folder(folder: Path, bounds: Bounds) -> Fetch:
    """Read below the document's folder only; links that lead out of it count as out of it."""

    def read(uri: str) -> bytes:
        path = _path(uri)
        if urlsplit(uri).scheme != "file" or not path.resolve().is_relative_to(folder.resolve()):
            raise ApiDocumentUnreadable(uri, "it does not lie below the document's folder")
        if path.suffix.lower() not in SUFFIXES:
            raise ApiDocumentUnreadable(uri, "its name does not end in .json, .yaml or .yml")
        try:
            if path.stat().st_size > bounds.size:
                raise ApiDocumentTooLarge(uri, f"more than {bounds.size} bytes")
            return path.read_bytes()
        except OSError as error:
            raise ApiDocumentUnreadable(uri, error.strerror or str(error)) from error

    async def fetch(uri: str) -> bytes:
        return await asyncio.to_thread(read, uri)

    return fetch


def _from_store(services: Services, bounds: Bounds) -> Fetch:
    own = f"org/{services.scope.organisation_id}/"

    async def fetch(uri: str) -> bytes:
        key = uri.removeprefix(STORED)
        if not uri.startswith(STORED) or not key.startswith(own):
            raise ApiDocumentUnreadable(uri, f"a document in the artefact store lies under {own} and stands for itself")
        if await services.store.size(key) > bounds.size:
            raise ApiDocumentTooLarge(uri, f"more than {bounds.size} bytes")
        return await services.store.get(key)

    return fetch


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))
