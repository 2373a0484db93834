"""Checking a stored tree out into a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from repomill.errors import DestinationExists, GitFailed
from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile
from tests.integration.publishing.histories import write_tree
from tests.integration.publishing.projects import FILES, details
from tests.servers.git_http import git


def entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_folder_holds_the_files_with_their_modes(tmp_path: Path) -> None:
    await write_tree(FILES, tmp_path / "new" / "shop", details())
    for file in FILES:
        path = tmp_path / "new" / "shop" / file.path
        assert path.read_bytes() == file.content
        assert bool(path.stat().st_mode & 0o100) == (file.mode == "100755")


async def test_the_folder_is_a_clean_repository_of_one_commit(tmp_path: Path) -> None:
    commit = await write_tree(FILES, tmp_path / "shop", details())
    shop = str(tmp_path / "shop")
    assert git("-C", shop, "status", "--porcelain", "--branch") == "## main"
    assert git("-C", shop, "log", "--format=%H %an %s") == f"{commit} Repomill Generate shop"
    assert git("-C", shop, "fsck", "--strict", "--full", "--no-progress") == ""


async def test_the_commit_is_the_one_that_a_push_makes(tmp_path: Path, bare: Path) -> None:
    pushed = await push_tree(FILES, details(), GitTarget(bare.as_uri()))
    assert await write_tree(FILES, tmp_path / "shop", details()) == pushed.commit


async def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    await write_tree(FILES, tmp_path / "shop", details())
    assert (tmp_path / "shop" / "README.md").exists()


async def test_a_relative_folder_lies_in_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await write_tree(FILES, Path("shop"), details())
    assert (tmp_path / "shop" / "README.md").exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
async def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    destination = tmp_path / "shop"
    if kind == "folder":
        destination.mkdir()
        (destination / "mine").touch()
    elif kind == "file":
        destination.touch()
    else:
        destination.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DestinationExists):
        await write_tree(FILES, destination, details())
    assert entries(tmp_path) == [destination]


@pytest.mark.parametrize("as_folder", [True, False])
async def test_what_appears_meanwhile_is_never_overwritten(tmp_path: Path, *, as_folder: bool) -> None:
    destination = tmp_path / "shop"

    def meddling() -> Iterator[TreeFile]:
        yield FILES[0]
        if as_folder:
            destination.mkdir()
            (destination / "mine").touch()
        else:
            destination.touch()

    with pytest.raises(DestinationExists):
        await write_tree(meddling(), destination, details())
    assert entries(tmp_path) == [destination]


async def test_a_tree_git_does_not_accept_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(GitFailed):
        await write_tree([TreeFile("a", b""), TreeFile(".git/config", b"")], tmp_path / "shop", details())
    assert entries(tmp_path) == []
