"""The endpoint registry: descriptions of APIs put into the database and the artefact store, and taken out again."""

import json
from dataclasses import dataclass
from datetime import datetime

from repomill.apis.changes import Change, changes
from repomill.apis.description import ApiDescription
from repomill.errors import ApiNotFound
from storage.artifacts.keys import api_definitions_key
from storage.database.models import ApiVersion
from storage.database.work import Work
from tasks.services import Services


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look at a document gave; `is_new` tells whether it is another one than the last time."""

    name: str
    number: int
    is_new: bool
    description: ApiDescription
    changes: tuple[Change, ...]


async def store_api(services: Services, name: str, description: ApiDescription, location: str) -> Discovery:
    """Keep a description under a name, and compare it with the one before."""
    known = await _find(services, name)
    before = await _description(services, known) if known is not None else None
    key = api_definitions_key(services.scope.organisation_id, description.digest)
    await services.store.put(key, json.dumps(description.definitions, ensure_ascii=False).encode())
    version = await services.database.run(services.scope, lambda work: work.apis.add(name, description, location, key))
    is_new = known is None or version.number != known.number
    found = changes(before, description) if before is not None and is_new else ()
    return Discovery(name, version.number, is_new, description, found)


async def load_api(services: Services, name: str, at: datetime | None = None) -> ApiDescription:
    """Return the newest description of an API, or the one that was it at a time; raises `ApiNotFound`."""
    version = await _find(services, name, at)
    if version is None:
        raise ApiNotFound(name)
    return await _description(services, version)


async def _find(services: Services, name: str, at: datetime | None = None) -> ApiVersion | None:
    return await services.database.run(services.scope, lambda work: work.apis.find(name, at), read_only=True)


async def _description(services: Services, version: ApiVersion) -> ApiDescription:
    definitions = json.loads(await services.store.get(version.definitions_key))

    def read(work: Work) -> ApiDescription:
        return ApiDescription(
            openapi=version.openapi,
            title=version.title,
            version=version.version,
            digest=version.digest,
            operations=tuple(work.apis.operations(version.id)),
            definitions=definitions,
            **version.facts,
        )

    return await services.database.run(services.scope, read, read_only=True)
