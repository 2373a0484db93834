"""Whether database and artefact store agree: rows without objects, and objects without rows.

Both sides are streamed page by page. An object is written before its row, so a young one may be somebody's work.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from storage.artifacts.keys import organisation_prefix
from storage.artifacts.port import StoredObject
from storage.database.repositories.object_names import SOURCES, Names
from storage.database.work import Work
from tasks.retention_objects import sweep
from tasks.services import Services

PAGE = 500
AT_ONCE = 8
GRACE = timedelta(days=1)

NAMED = frozenset({"packs", "cold", "archives"})
"""Kinds of objects that a row names each."""
OF_ROOTS = frozenset({"calls", "fragments", "results", "tasks"})
"""Kinds that belong to a root execution and go with it; what else there is, is small and shared, and stays."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A key that only one side knows; `row` says which row names it, `bytes` what it takes without one."""

    problem: Literal["object missing", "object without row"]
    key: str
    row: str = ""
    bytes: int = 0
    repaired: bool = False


async def check_storage(
    services: Services, now: datetime, *, repair: bool = False, grace: timedelta = GRACE
) -> AsyncIterator[Disagreement]:
    """Yield where the two disagree; `repair` removes objects without rows and closes exports without archives.

    A tree whose object is gone cannot be mended from here: its row stays, and is told.
    """
    for source in SOURCES:
        async for missing in _missing(services, source, repair=repair):
            yield missing
    async for found in _unnamed(services, now - grace, repair=repair):
        yield found
    if repair:
        await sweep(services)


async def _missing(services: Services, source: int, *, repair: bool) -> AsyncIterator[Disagreement]:
    after: UUID | None = None
    while page := await services.database.run(services.scope, partial(_names, source, after), read_only=True):
        after = page[-1].id
        absent = await _absent(services, {key for names in page for key in names.keys})
        for names in page:
            for key in absent.intersection(names.keys):
                mended = repair and await _close_export(services, names)
                yield Disagreement("object missing", key, f"{names.entity} {names.id}", repaired=mended)


async def _absent(services: Services, keys: Iterable[str]) -> set[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(key: str) -> str | None:
        async with gate:
            return None if await services.store.exists(key) else key

    return {key for key in await asyncio.gather(*map(look, keys)) if key is not None}


async def _close_export(services: Services, names: Names) -> bool:
    if names.entity != "repository export":
        return False
    return await services.database.run(services.scope, lambda work: work.object_names.give_up_archive(names.id))


async def _unnamed(services: Services, before: datetime, *, repair: bool) -> AsyncIterator[Disagreement]:
    async for page in _pages(services, before):
        known = await services.database.run(services.scope, partial(_known, page), read_only=True)
        loose = [entry for entry in page if entry.key not in known]
        gone = await _let_go(services, loose) if repair else set()
        for entry in loose:
            yield Disagreement("object without row", entry.key, bytes=entry.size, repaired=entry.key in gone)


async def _pages(services: Services, before: datetime) -> AsyncIterator[list[StoredObject]]:
    """Yield objects that are old enough to be judged."""
    page: list[StoredObject] = []
    async for entry in services.store.entries(organisation_prefix(services.scope.organisation_id)):
        if entry.modified < before and _kind(entry.key) in NAMED | OF_ROOTS:
            page.append(entry)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _names(source: int, after: UUID | None, work: Work) -> Sequence[Names]:
    return work.object_names.page(source, after, PAGE)


def _known(page: Sequence[StoredObject], work: Work) -> set[str]:
    keys = {kind: [entry.key for entry in page if _kind(entry.key) == kind] for kind in NAMED | OF_ROOTS}
    known = work.object_names.known([key for kind in NAMED for key in keys[kind]])
    for kind in OF_ROOTS:
        roots = {root for key in keys[kind] if (root := _root(key)) is not None}
        living = work.object_names.living_roots(roots, calls=kind == "calls")
        known |= {key for key in keys[kind] if _root(key) in living}
    return known


async def _let_go(services: Services, loose: Sequence[StoredObject]) -> set[str]:
    """Mark objects for removal that still nobody names; `sweep` removes them."""

    def write(work: Work) -> set[str]:
        work.retention.alone()
        return {entry.key for entry in sorted(loose, key=lambda entry: entry.key) if work.objects.let_go(entry.key)}

    return await services.database.run(services.scope, write)


def _kind(key: str) -> str:
    return key.split("/")[2]


def _root(key: str) -> UUID | None:
    try:
        return UUID(key.split("/")[3])
    except ValueError:
        return None
