"""Retention killed anywhere, run twice at once, and beside runs that store the same trees."""

import asyncio
import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import ArtifactMissing
from repomill.publishing.exports import ExportTarget
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.services import Services
from tasks.storage_check import check_storage
from tasks.stored_trees import find_project, read_file
from tests.fakes.aged_projects import NOW, SetClock, aged, exported, keys, retain
from tests.fakes.stored_projects import FILES
from tests.fakes.watched_store import watched

OPERATIONS = (1, 3, 4, 6)
"""Writes of archived trees, then removals of packs, of archives, of what nodes left."""


@pytest.fixture
def services(dated_services: Services) -> Services:
    return dated_services


async def three_old_projects(services: Services, clock: SetClock, folder: Path) -> list[str]:
    """Two with the same tree, one with its own; the first one exported."""
    first = await aged(services, clock, folder, 100, "first", [TreeFile("a", b"same")])
    second = await aged(services, clock, folder, 90, "second", [TreeFile("a", b"same")])
    third = await aged(services, clock, folder, 80, "third", [TreeFile("a", b"other")])
    await exported(services, clock, first, 100)
    return [str(stored.project.id) for stored in (first, second, third)]


async def agrees(services: Services) -> bool:
    return [found async for found in check_storage(services, NOW) if found.problem == "object missing"] == []


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_kill_leaves_nothing_dangling_and_the_next_run_ends_it(
    services: Services, settings: dict[str, Any], clock: SetClock, tmp_path: Path, operation: int
) -> None:
    projects = await three_old_projects(services, clock, tmp_path)
    told = json.dumps(settings, default=str)
    command = [sys.executable, "-m", "tests.integration.tasks.retention_process", told]
    killed = await asyncio.to_thread(subprocess.run, [*command, str(operation)], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert await agrees(services)
    for project in projects:
        assert await read_file(services, project, "a") in {b"same", b"other"}
    await retain(services)
    assert await keys(services, "packs") == await keys(services, "archives") == []
    assert len(await keys(services, "cold")) == 3
    assert await services.database.run(services.scope, lambda work: work.objects.open_deletions(10)) == []
    assert await retain(services, dry_run=True) == []


async def test_two_runs_at_once_do_each_thing_once(services: Services, clock: SetClock, tmp_path: Path) -> None:
    await three_old_projects(services, clock, tmp_path)
    planned = await retain(services, dry_run=True)
    one, other = await asyncio.gather(retain(services), retain(services))
    assert sorted((each.step, each.id) for each in [*one, *other]) == sorted((each.step, each.id) for each in planned)
    assert await agrees(services)


async def test_uploads_of_the_same_trees_beside_retention_lose_nothing(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    projects = await three_old_projects(services, clock, tmp_path)

    async def export_again() -> None:
        for _ in range(3):
            for project in projects:
                await publish(services, await find_project(services, project), ExportTarget("tar.gz"))

    await asyncio.gather(retain(services), export_again(), retain(services))
    assert await agrees(services)
    for project in projects:
        assert await read_file(services, project, "a") in {b"same", b"other"}


async def test_an_archive_that_is_about_to_go_is_made_under_another_name(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    first, *_ = await three_old_projects(services, clock, tmp_path)
    (archive,) = await keys(services, "archives")
    await retain(services)
    again = await publish(services, await find_project(services, first), ExportTarget("tar.gz"))
    assert again.url != archive
    await retain(services)
    assert await keys(services, "archives") == [again.url]
    assert await agrees(services)


def retaining_before(services: Services, operation: str) -> Services:
    """Services whose store is retained right before the first operation of a kind."""
    left = [operation]

    def retain_once(asked: str, *others: object) -> None:
        if asked in left:
            left.remove(asked)
            with ThreadPoolExecutor() as pool:
                pool.submit(asyncio.run, retain(services)).result()

    return replace(services, store=watched(services.store, retain_once))


@pytest.mark.parametrize(("operation", "kind"), [("open", "tar.gz"), ("copy", "zip")])
async def test_a_tree_that_is_archived_while_it_is_exported_is_exported(
    services: Services, clock: SetClock, tmp_path: Path, operation: str, kind: str
) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    archive = await publish(retaining_before(services, operation), stored.project, ExportTarget(kind))
    assert await keys(services, "packs") == []
    assert await services.store.exists(archive.url)


async def test_a_file_of_a_tree_that_is_archived_meanwhile_is_read(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    reading = retaining_before(services, "get_range")
    assert await read_file(reading, str(stored.project.id), FILES[0].path) == FILES[0].content
    assert await keys(services, "packs") == []


async def test_a_pack_that_was_lost_is_said_to_be(services: Services, clock: SetClock, tmp_path: Path) -> None:
    stored = await aged(services, clock, tmp_path, 1)
    await services.store.delete(stored.project.pack_key)
    with pytest.raises(ArtifactMissing):
        await publish(services, stored.project, ExportTarget("tar.gz"))
    with pytest.raises(ArtifactMissing):
        await read_file(services, str(stored.project.id), FILES[0].path)
