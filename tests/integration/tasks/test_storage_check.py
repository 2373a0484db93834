"""Rows without objects and objects without rows are found, and mended where that can be."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from storage.artifacts.keys import fragment_key, pack_key
from storage.artifacts.memory import MemoryStore
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.services import Services
from tasks.storage_check import Disagreement, check_storage
from tests.fakes.aged_projects import NOW, SetClock, aged, exported, keys
from tests.fakes.stored_rows import fake_digest

pytestmark = pytest.mark.embedded_only("objects of any age: no store's clock can be set; on both databases")


@pytest.fixture
async def services(migrated_url: str, clock: SetClock) -> AsyncIterator[Services]:
    database = Database(migrated_url, clock=clock)
    yield Services(database, MemoryStore(clock), DEFAULT_SCOPE, "", 1_000_000)
    database.close()


async def checked(services: Services, *, repair: bool = False) -> list[Disagreement]:
    return [found async for found in check_storage(services, NOW, repair=repair)]


async def test_what_the_application_wrote_agrees(services: Services, clock: SetClock, tmp_path: Path) -> None:
    stored = await aged(services, clock, tmp_path, 3)
    await exported(services, clock, stored, 3)
    assert await checked(services) == []


async def test_old_garbage_is_listed_and_removed(services: Services, clock: SetClock, tmp_path: Path) -> None:
    await aged(services, clock, tmp_path, 3)
    clock.days_ago(2)
    organisation = services.scope.organisation_id
    loose = {pack_key(organisation, fake_digest("loose")), fragment_key(organisation, uuid4(), fake_digest("node"))}
    for key in loose:
        await services.store.put(key, b"garbage")
    clock.days_ago(0)
    found = await checked(services)
    assert {(each.key, each.problem, each.bytes) for each in found} == {(key, "object without row", 7) for key in loose}
    assert all(each.repaired for each in await checked(services, repair=True))
    assert await checked(services) == []
    assert len(await keys(services, "packs")) == 1


async def test_a_young_object_is_left_alone(services: Services) -> None:
    key = pack_key(services.scope.organisation_id, fake_digest("young"))
    await services.store.put(key, b"being written")
    services.store._modified[key] = NOW - timedelta(hours=2)  # type: ignore[attr-defined]  # the twin's own
    assert await checked(services, repair=True) == []
    assert await services.store.exists(key)


async def test_a_row_without_its_tree_is_told_and_stays(services: Services, clock: SetClock, tmp_path: Path) -> None:
    stored = await aged(services, clock, tmp_path, 3)
    await services.store.delete(stored.project.pack_key)
    found = await checked(services, repair=True)
    assert found == [Disagreement("object missing", stored.project.pack_key, f"generated project {stored.project.id}")]


async def test_an_export_without_its_archive_is_closed(services: Services, clock: SetClock, tmp_path: Path) -> None:
    stored = await aged(services, clock, tmp_path, 3)
    await exported(services, clock, stored, 3)
    (archive,) = await keys(services, "archives")
    await services.store.delete(archive)
    assert [each.repaired for each in await checked(services, repair=True)] == [True]
    assert await checked(services) == []
    await exported(services, clock, stored, 0)
    assert await keys(services, "archives") == [archive]


async def test_objects_of_other_organisations_are_not_looked_at(services: Services, clock: SetClock) -> None:
    clock.days_ago(10)
    await services.store.put(pack_key(uuid4(), fake_digest("other")), b"theirs")
    assert await checked(services, repair=True) == []
