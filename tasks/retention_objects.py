"""Objects that no row names any more: how large they are, and their removal."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from repomill.errors import ArtifactMissing
from storage.database.work import Work
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
        total += await _remove(services, [key for key in keys if not key.endswith("/")])
        for prefix in (key for key in keys if key.endswith("/")):
            total += await _remove_under(services, prefix)
    await services.database.run(services.scope, lambda work: work.objects.forget())
    return total


async def _remove(services: Services, keys: Sequence[str]) -> Swept:
    erased = dict(zip(keys, await _erase(services, keys), strict=True))
    await _note(services, erased)
    return Swept(len(keys), list(erased.values()).count(False))


async def _remove_under(services: Services, prefix: str) -> Swept:
    """Remove what lies under a prefix; a listing is not changed while it is read, so a batch is held."""
    total = Swept()
    while batch := await _first(services, prefix):
        total += Swept(len(batch), (await _erase(services, batch)).count(False))
    await _note(services, {prefix: not total.unsure})
    return total


async def _erase(services: Services, keys: Sequence[str]) -> list[bool]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def erase(key: str) -> bool:
        async with gate:
            return await services.store.erase(key)

    return await asyncio.gather(*map(erase, keys))


async def _note(services: Services, erased: Mapping[str, bool]) -> None:
    """Write down what is gone; a run that is killed before this removes it again, which is no error."""

    def write(work: Work) -> None:
        for is_erased in {*erased.values()}:
            work.objects.deleted([key for key, found in erased.items() if found is is_erased], is_erased=is_erased)

    await services.database.run(services.scope, write)


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
