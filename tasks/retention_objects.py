"""Objects that no row names any more: how large they are, and their removal."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from repomill.errors import ArtifactMissing
from tasks.services import Services

AT_ONCE = 8
BATCH = 100


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed from the store; `unsure` counts objects of which the store does not tell its versions."""

    objects: int = 0
    unsure: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(self.objects + other.objects, self.unsure + other.unsure)


async def sizes(services: Services, keys: Iterable[str]) -> dict[str, int]:
    """Return the bytes under each key or prefix; 0 where nothing is."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def measure(key: str) -> tuple[str, int]:
        async with gate:
            return key, await _size(services, key)

    return dict(await asyncio.gather(*(measure(key) for key in set(keys))))


async def sweep(services: Services) -> Swept:
    """Remove what is marked, also by runs that were killed; whoever does it a second time finds nothing."""
    total = Swept()
    while keys := await services.database.run(services.scope, lambda work: work.objects.open_deletions(BATCH)):
        for key in keys:
            total += await _remove(services, key)
    await services.database.run(services.scope, lambda work: work.objects.forget())
    return total


async def _remove(services: Services, key: str) -> Swept:
    found, unsure = 0, 0
    gate = asyncio.Semaphore(AT_ONCE)

    async def erase(name: str) -> bool:
        async with gate:
            return await services.store.erase(name)

    async for batch in _batches(services, key):
        erased = await asyncio.gather(*(erase(name) for name in batch))
        found, unsure = found + len(batch), unsure + erased.count(False)
    await services.database.run(services.scope, lambda work: work.objects.deleted([key], is_erased=not unsure))
    return Swept(found, unsure)


async def _batches(services: Services, key: str) -> AsyncIterator[list[str]]:
    """Yield what lies under a key or prefix; a listing is not changed while it is read, so a batch is held."""
    if not key.endswith("/"):
        yield [key]
        return
    while batch := await _first(services, key):
        yield batch


async def _first(services: Services, prefix: str) -> list[str]:
    found: list[str] = []
    async for entry in services.store.entries(prefix):
        found.append(entry.key)
        if len(found) == BATCH:
            break
    return found


async def _size(services: Services, key: str) -> int:
    if key.endswith("/"):
        return sum([entry.size async for entry in services.store.entries(key)])
    try:
        return await services.store.size(key)
    except ArtifactMissing:
        return 0
