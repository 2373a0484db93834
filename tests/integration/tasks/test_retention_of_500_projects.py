"""The whole policy over 500 projects of all ages: the dry run equals the run, and everything that must stay stays."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from storage.artifacts.memory import MemoryStore
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work
from tasks.services import Services
from tasks.storage_check import check_storage
from tests.fakes.aged_projects import NOW, SetClock, retain
from tests.fakes.many_projects import EXPORTED, PINNED, age_of, make_projects

pytestmark = pytest.mark.embedded_only("minutes, in a bucket: test_retention has a few projects of each kind in one")

PROJECTS = 500

S = GeneratedProjectStatus


@pytest.fixture
def services(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Services]:
    file = tmp_path / "many.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{file}", clock=SetClock())
    yield Services(database, MemoryStore(), DEFAULT_SCOPE, "", 1_000_000)
    database.close()


def expected(number: int) -> GeneratedProjectStatus:
    """What the rules say about the project of this number."""
    if number % PINNED == 0:
        return S.ARCHIVED if age_of(number) > 120 else S.COMPLETED  # it was archived before it was pinned
    if age_of(number) > 120:
        return S.ARCHIVED if number % EXPORTED == 0 else S.DELETED
    return S.ARCHIVED if age_of(number) >= 30 else S.COMPLETED


async def statuses(services: Services, ids: list[UUID]) -> list[GeneratedProjectStatus]:
    def read(work: Work) -> list[GeneratedProjectStatus]:
        return [work.generated_projects.get(found).status for found in ids]

    return await services.database.run(services.scope, read)


async def test_500_projects_of_all_ages(services: Services) -> None:
    ids = await make_projects(services, PROJECTS)
    planned = await retain(services, dry_run=True)
    before = sum([entry.size async for entry in services.store.entries("") if "/cold/" not in entry.key])
    cold = {entry.key: entry.size async for entry in services.store.entries("") if "/cold/" in entry.key}
    assert await retain(services) == planned
    after = sum([entry.size async for entry in services.store.entries("") if "/cold/" not in entry.key])
    left = {entry.key async for entry in services.store.entries("") if "/cold/" in entry.key}
    gone = sum(size for key, size in cold.items() if key not in left)
    assert before - after + gone == sum(removal.bytes for removal in planned) > 0
    assert await statuses(services, ids) == [expected(number) for number in range(PROJECTS)]
    assert [found async for found in check_storage(services, NOW, grace=timedelta(days=-1))] == []
    assert await retain(services) == []


def test_the_ages_cover_every_rule() -> None:
    found = [expected(number) for number in range(PROJECTS)]
    assert min(found.count(status) for status in (S.COMPLETED, S.ARCHIVED, S.DELETED)) > 20


async def test_a_plan_of_many_projects_asks_no_more_often_than_one_of_few(services: Services) -> None:
    await make_projects(services, 10)
    few = await asked_by_a_plan(services)
    await make_projects(services, 60)
    assert await asked_by_a_plan(services) == few > 0


async def asked_by_a_plan(services: Services) -> int:
    """Return how many statements a dry run sends."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    assert await retain(services, dry_run=True)
    event.remove(services.database.engine, "before_cursor_execute", note)
    return len(sent)
