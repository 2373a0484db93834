"""Checking out stored projects: which generations belong to the history, and what became of those that are gone."""

from pathlib import Path

import pytest

from repomill.errors import ArtifactMissing
from repomill.publishing.exports import ExportTarget
from repomill.trees.tree import TreeFile
from tasks.publish import publish
from tasks.services import Services
from tasks.stored_trees import check_out, find_history
from tests.fakes.stored_projects import Stored, admitted, owned, store_project
from tests.servers.git_http import git


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tree(number: int) -> list[TreeFile]:
    return [TreeFile("README.md", b"%d" % number)]


@pytest.fixture
async def stored(services: Services, tmp_path: Path) -> list[Stored]:
    """Three generations of one project."""
    return [await store_project(services, tmp_path, tree(number)) for number in range(3)]


async def test_a_checkout_has_the_history_that_pushes_have_made(
    services: Services, stored: list[Stored], tmp_path: Path
) -> None:
    git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "remote.git"))
    target = ExportTarget("git", (tmp_path / "remote.git").as_uri())
    pushed = [(await publish(services, each.project, target)).commit for each in stored]
    assert (await check_out(services, "latest", tmp_path / "out")).commit == pushed[-1]
    assert git("-C", str(tmp_path / "out"), "rev-list", "--reverse", "main").split() == pushed


async def test_later_generations_are_no_part_of_it(services: Services, stored: list[Stored], tmp_path: Path) -> None:
    await check_out(services, str(stored[1].project.id), tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_bytes() == b"1"
    assert git("-C", str(tmp_path / "out"), "rev-list", "--count", "main") == "2"
    await check_out(services, "latest", tmp_path / "out")
    assert git("-C", str(tmp_path / "out"), "rev-list", "--count", "main") == "3"


async def test_generations_that_failed_are_no_part_of_it(
    services: Services, stored: list[Stored], tmp_path: Path
) -> None:
    lease = await owned(services, await admitted(services, tmp_path))
    await services.database.run(services.scope, lambda work: work.generated_projects.open(lease, "here"))
    last = await store_project(services, tmp_path, tree(3))
    history = await find_history(services, str(last.project.id))
    assert [each.id for each in history] == [each.project.id for each in [*stored, last]]


async def test_other_projects_are_no_part_of_it(services: Services, stored: list[Stored], tmp_path: Path) -> None:
    other = await store_project(services, tmp_path, tree(0), "other")
    assert [each.id for each in await find_history(services, "latest")] == [other.project.id]
    history = await find_history(services, str(stored[-1].project.id))
    assert [each.id for each in history] == [each.project.id for each in stored]


async def test_a_pack_that_is_gone_is_left_out_and_said(
    services: Services, stored: list[Stored], tmp_path: Path
) -> None:
    await services.store.delete(stored[1].project.pack_key)
    written = await check_out(services, "latest", tmp_path / "out")
    assert [lost.execution_id for lost in written.skipped] == [stored[1].project.execution_id]
    assert git("-C", str(tmp_path / "out"), "rev-list", "--count", "main") == "2"


async def test_the_pack_asked_for_must_be_there(services: Services, stored: list[Stored], tmp_path: Path) -> None:
    await services.store.delete(stored[2].project.pack_key)
    with pytest.raises(ArtifactMissing):
        await check_out(services, "latest", tmp_path / "out")
    assert names(tmp_path) == ["home", "workflow.yaml"]
