"""What retention takes away, when, and what stays."""

from datetime import timedelta
from pathlib import Path

import pytest

from repomill.errors import PayloadsExpired, ProjectNotReady
from repomill.trees.tree import TreeFile
from storage.database.transitions import GeneratedProjectStatus
from tasks.services import Services
from tasks.stored_trees import check_out, read_file
from tests.fakes.aged_projects import NOW, SetClock, aged, exported, keys, retain
from tests.fakes.stored_projects import FILES, owned

LATER = NOW + timedelta(days=91)


@pytest.fixture
def services(dated_services: Services) -> Services:
    return dated_services


async def status(services: Services, found: object) -> GeneratedProjectStatus:
    return await services.database.run(services.scope, lambda work: work.generated_projects.get(found).status)  # type: ignore[arg-type]  # an id


async def test_a_tree_of_31_days_is_archived_and_reads_as_before(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    assert [removal.step for removal in await retain(services)][:1] == ["archive tree"]
    assert await status(services, stored.project.id) is GeneratedProjectStatus.ARCHIVED
    assert await keys(services, "packs") == []
    for file in FILES:
        assert await read_file(services, str(stored.project.id), file.path) == file.content
    await check_out(services, str(stored.project.id), tmp_path / "out")
    assert (tmp_path / "out/bin/brew").stat().st_mode & 0o111


async def test_a_tree_of_29_days_stays(services: Services, clock: SetClock, tmp_path: Path) -> None:
    await aged(services, clock, tmp_path, 29)
    assert await retain(services) == []


async def test_files_go_90_days_after_the_archive_and_metadata_stays(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    await retain(services)
    early = await retain(services, LATER - timedelta(days=2))
    assert "delete files" not in [removal.step for removal in early]
    clock.now = LATER
    gone = await retain(services, LATER)
    assert "delete files" in [removal.step for removal in gone]
    assert await keys(services, "cold") == []
    with pytest.raises(ProjectNotReady):
        await read_file(services, str(stored.project.id), "README.md")
    files = await services.database.run(services.scope, lambda work: work.project_files.list(stored.project.id))
    assert [(file.file_path, file.content_preview) for file in files] == [(file.path, "") for file in FILES]


async def test_a_dry_run_says_what_the_run_then_does(services: Services, clock: SetClock, tmp_path: Path) -> None:
    for days in (5, 31, 40, 200):
        stored = await aged(services, clock, tmp_path, days, f"p{days}", [TreeFile("a", b"%d" % (days // 10))])
        await exported(services, clock, stored, days)
    before = [entry.key async for entry in services.store.entries()]
    planned = await retain(services, dry_run=True)
    assert [entry.key async for entry in services.store.entries()] == before
    assert await retain(services) == planned
    assert sum(removal.bytes for removal in planned) > 0
    assert await retain(services) == []


async def test_pins_and_holds_keep_everything(services: Services, clock: SetClock, tmp_path: Path) -> None:
    pinned = await aged(services, clock, tmp_path, 400, "one", [TreeFile("one", b"1")])
    held = await aged(services, clock, tmp_path, 400, "two", [TreeFile("two", b"2")])
    for stored in (pinned, held):
        await exported(services, clock, stored, 400)

    def mark(work: object) -> None:
        work.retention_marks.pin(work.generated_projects.get(pinned.project.id), "shown to visitors")  # type: ignore[attr-defined]  # a unit of work
        work.retention_marks.hold(work.projects.by_name("two"), "case 7")  # type: ignore[attr-defined]  # likewise

    await services.database.run(services.scope, mark)
    gone = await retain(services)
    assert {(removal.step, removal.project) for removal in gone} <= {
        ("delete node results", "one"),
        ("delete call payloads", "one"),
        ("delete events", "one"),
    }
    assert len(await keys(services, "packs")) == len(await keys(services, "archives")) == 2


async def test_a_pack_stays_while_a_younger_project_has_the_same_tree(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    await aged(services, clock, tmp_path, 100, "old")
    young = await aged(services, clock, tmp_path, 1, "young")
    planned = await retain(services, dry_run=True)
    assert next(removal for removal in planned if removal.step == "archive tree").bytes == 0
    assert await retain(services) == planned
    assert await read_file(services, str(young.project.id), "README.md") == b"# Tea\n"


async def test_two_old_projects_with_one_tree_free_its_pack_once(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    for days in (50, 60):
        await aged(services, clock, tmp_path, days, f"p{days}")
    planned = await retain(services, dry_run=True)
    assert await retain(services) == planned
    assert [bool(removal.bytes) for removal in planned if removal.step == "archive tree"] == [False, True]


async def test_a_live_export_keeps_an_archived_tree(services: Services, clock: SetClock, tmp_path: Path) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    await retain(services)
    clock.now = LATER
    await exported_now(services, stored)
    await retain(services, LATER)
    assert await status(services, stored.project.id) is GeneratedProjectStatus.ARCHIVED


async def exported_now(services: Services, stored: object) -> None:
    from repomill.publishing.exports import ExportTarget
    from tasks.publish import publish
    from tasks.stored_trees import find_project

    project = await find_project(services, str(stored.project.id))  # type: ignore[attr-defined]  # a stored project
    await publish(services, project, ExportTarget("zip"))


async def test_rules_of_a_project_replace_the_common_ones(services: Services, clock: SetClock, tmp_path: Path) -> None:
    await aged(services, clock, tmp_path, 40, "kept", [TreeFile("a", b"a")])
    await aged(services, clock, tmp_path, 40, "common", [TreeFile("b", b"b")])

    def rule(work: object) -> None:
        work.retention_marks.set_rules(work.projects.by_name("kept"), {"active_days": None})  # type: ignore[attr-defined]  # a unit of work

    await services.database.run(services.scope, rule)
    archived = [removal.project for removal in await retain(services) if removal.step == "archive tree"]
    assert archived == ["common"]


async def test_an_execution_whose_payloads_went_is_not_taken_up_again(
    services: Services, clock: SetClock, tmp_path: Path
) -> None:
    stored = await aged(services, clock, tmp_path, 31)
    key = f"org/{services.scope.organisation_id}/fragments/{stored.execution.id}/abc"
    await services.store.put(key, b"content")
    gone = await retain(services)
    assert [removal.bytes for removal in gone if removal.step == "delete node results"] == [7]
    assert not await services.store.exists(key)
    with pytest.raises(PayloadsExpired):
        await owned(services, stored.execution)
