"""What a run adds to database and store."""

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.services import Services
from tests.fakes.page_runs import LINE, admit_page, weigh
from tests.fakes.watched_store import watched
from tests.fakes.whole_runs import run_whole


class Sent:
    """Counts the bytes that a store is sent."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, operation: str, key: str, content: bytes | Path = b"", *others: object) -> None:
        if operation in {"put", "put_file"}:
            self.total += content.stat().st_size if isinstance(content, Path) else len(content)


async def grown(services: Services, size: int) -> int:
    """Return the bytes of rows that a run with a page of this size adds."""
    execution = await admit_page(services, size, "never")
    before = weigh(services.database)
    await run_whole(services, execution)
    return weigh(services.database) - before


async def test_an_unchanged_project_is_made_again_without_a_byte_to_the_store(
    services: Services,
) -> None:
    counts = []
    for _ in range(2):
        counts.append(sent := Sent())
        counted = replace(services, store=watched(services.store, sent), max_file_size=10_000_000)
        await run_whole(counted, await admit_page(services, 100 * len(LINE), "always"))
    assert counts[0].total > 0 == counts[1].total


@pytest.mark.embedded_only("weighs the rows of a SQLite file")
async def test_rows_weigh_the_same_whatever_a_run_writes(services: Services) -> None:
    roomy = replace(services, max_file_size=10_000_000)
    small, large = await grown(roomy, len(LINE)), await grown(roomy, 10_000_000)
    assert large - small < 100  # more digits
