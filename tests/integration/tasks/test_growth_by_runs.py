"""What a run adds to database and store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from storage.artifacts.local import LocalDirectoryStore
from tasks.services import Services
from tests.fakes.page_runs import LINE, admit_page, weigh
from tests.fakes.whole_runs import run_whole


class CountingStore(LocalDirectoryStore):
    """A folder that counts the bytes it is sent."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sent = 0

    async def put(self, key: str, content: bytes) -> None:
        self.sent += len(content)
        await super().put(key, content)

    async def put_file(self, key: str, path: Path) -> None:
        self.sent += (await asyncio.to_thread(path.stat)).st_size
        await super().put_file(key, path)


@pytest.fixture
async def counting(services: Services) -> AsyncIterator[tuple[Services, CountingStore]]:
    async with aclosing(CountingStore(Path(services.store.name))) as store:
        yield replace(services, store=store, max_file_size=10_000_000), store


async def grown(services: Services, size: int) -> int:
    """Return the bytes of rows that a run with a page of this size adds."""
    execution = await admit_page(services, size, "never")
    before = weigh(services.database)
    await run_whole(services, execution)
    return weigh(services.database) - before


async def test_an_unchanged_project_is_made_again_without_a_byte_to_the_store(
    counting: tuple[Services, CountingStore],
) -> None:
    services, store = counting
    sent = []
    for _ in range(2):
        before = store.sent
        await run_whole(services, await admit_page(services, 100 * len(LINE), "always"))
        sent.append(store.sent - before)
    assert sent[0] > 0 == sent[1]


async def test_rows_weigh_the_same_whatever_a_run_writes(counting: tuple[Services, CountingStore]) -> None:
    services, _ = counting
    small, large = await grown(services, len(LINE)), await grown(services, 10_000_000)
    assert large - small < 100  # more digits
