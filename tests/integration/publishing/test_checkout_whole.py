"""A checkout is whole or not there: full disks, killed processes, two at once, systems that cannot swap folders."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from repomill.errors import CheckoutChanged, GitFailed, PlaceUnusable
from repomill.publishing import _swap, checkout
from repomill.publishing._links import clone_by_links
from repomill.publishing._staging import clear_up, staging
from repomill.publishing.checkout import check_out_history
from repomill.trees.tree import TreeFile
from tests.integration.publishing.histories import (
    FIRST,
    ONE,
    SECOND,
    THREE,
    TWO,
    Files,
    alone,
    commit_in,
    contents,
    generations,
    in_folder,
    is_sound,
    subjects,
)
from tests.servers.small_disk import MEGABYTE, small_disk, small_files

SCRIPT = [sys.executable, "-m", "tests.integration.publishing.crashing_checkout"]
TOO_LARGE = pytest.mark.parametrize("megabytes", [1.2, 2.5], ids=["for the files", "for the commit"])


def noise(megabytes: float) -> Files:
    return (TreeFile("noise", Random(1).randbytes(int(megabytes * MEGABYTE))),)


def kill_checkout(folder: Path, moment: str) -> None:
    assert subprocess.run([*SCRIPT, str(folder), moment], check=False).returncode == -signal.SIGKILL


def list_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@TOO_LARGE
async def test_a_full_disk_leaves_no_folder(tmp_path: Path, megabytes: float) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises((GitFailed, PlaceUnusable)):
            await check_out_history(generations(noise(megabytes), noise(megabytes * 1.01)), disk / "new" / "shop")
        assert [path.name for path in disk.rglob("*")] == ["new"]


@TOO_LARGE
@pytest.mark.parametrize("force", [True, False])
async def test_a_full_disk_leaves_the_older_checkout(tmp_path: Path, megabytes: float, *, force: bool) -> None:
    with small_disk(tmp_path / "disk") as disk:
        await check_out_history(ONE, disk / "shop")
        with pytest.raises((GitFailed, PlaceUnusable)):
            await check_out_history(generations(FIRST, noise(megabytes), noise(2.2)), disk / "shop", force=force)
        assert (in_folder(disk / "shop"), subjects(disk / "shop")) == (contents(FIRST), ["execution-1"])
        assert is_sound(disk / "shop")
        assert alone(disk / "shop")


async def test_a_commit_that_may_not_be_written_leaves_the_older_checkout(shop: Path) -> None:
    with small_files(), pytest.raises(GitFailed):
        await check_out_history(generations(FIRST, noise(2.5)), shop)
    assert (in_folder(shop), subjects(shop)) == (contents(FIRST), ["execution-1"])
    assert alone(shop)


async def test_without_hard_links_files_are_copied(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, *_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", source)

    (shop / "mine").write_text("mine")
    monkeypatch.setattr(os, "link", refuse)
    await check_out_history(TWO, shop)
    assert in_folder(shop) == contents(SECOND) | {"mine": b"mine"}
    assert is_sound(shop)


async def test_what_cannot_be_copied_is_named(shop: Path) -> None:
    os.mkfifo(shop / ".git" / "pipe")
    with pytest.raises(PlaceUnusable, match="pipe"):
        await check_out_history(TWO, shop)
    assert (in_folder(shop), alone(shop)) == (contents(FIRST), True)


async def test_a_checkout_that_fills_most_of_a_disk_can_be_brought_up_to_date(tmp_path: Path) -> None:
    (large,) = noise(0.3)
    with small_disk(tmp_path / "disk") as disk:
        await check_out_history(generations((*FIRST, large)), disk / "shop")
        (disk / "shop" / "mine").write_bytes(bytes(int(0.7 * MEGABYTE)))
        await check_out_history(generations((*FIRST, large), (*SECOND, large)), disk / "shop")
        assert in_folder(disk / "shop").keys() == {*contents(SECOND), "noise", "mine"}
        assert alone(disk / "shop")


async def test_a_checkout_killed_in_the_middle_leaves_no_folder_and_the_next_clears_up(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    kill_checkout(tmp_path / "work" / "shop", "in the middle")
    assert not (tmp_path / "work" / "shop").exists()
    await check_out_history(TWO, tmp_path / "work" / "shop")
    assert alone(tmp_path / "work" / "shop")


@pytest.mark.parametrize("moment", ["in the middle", "before the swap"])
async def test_an_update_killed_before_its_end_leaves_the_older_checkout(shop: Path, moment: str) -> None:
    kill_checkout(shop, moment)
    assert (in_folder(shop), subjects(shop)) == (contents(FIRST), ["execution-1"])
    assert is_sound(shop)
    await check_out_history(TWO, shop)
    assert (in_folder(shop), alone(shop)) == (contents(SECOND), True)


async def test_an_update_killed_at_its_end_leaves_the_newer_checkout(shop: Path) -> None:
    kill_checkout(shop, "after the swap")
    assert (in_folder(shop), subjects(shop)) == (contents(SECOND), ["execution-2", "execution-1"])
    assert is_sound(shop)
    await check_out_history(THREE, shop)
    assert alone(shop)


async def test_a_folder_that_was_set_aside_when_the_process_was_killed_is_put_back(shop: Path) -> None:
    (shop / "mine").write_text("mine")
    kill_checkout(shop, "between renames")
    assert in_folder(shop) == {}
    await check_out_history(TWO, shop)
    assert in_folder(shop) == contents(SECOND) | {"mine": b"mine"}
    assert alone(shop)


async def test_of_two_checkouts_at_once_none_is_half(shop: Path) -> None:
    done = await asyncio.gather(check_out_history(TWO, shop), check_out_history(THREE, shop), return_exceptions=True)
    assert [type(each) for each in done if isinstance(each, BaseException)] in ([], [CheckoutChanged])
    assert is_sound(shop)
    assert alone(shop)


def test_a_place_where_somebody_works_is_not_cleared_away(shop: Path) -> None:
    with staging(shop) as place:
        clear_up(shop)
        assert place.place.is_dir()
    assert alone(shop)


async def test_folders_that_only_look_alike_are_not_cleared_away(shop: Path) -> None:
    for name in (".shop.checkout", ".shop.0123.checkout", ".shopping.0123456789abcdef.checkout"):
        (shop.parent / name).mkdir()
    await check_out_history(TWO, shop)
    assert len(list_of(shop.parent)) == 4


async def test_what_a_person_commits_during_a_checkout_is_not_lost(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def clone_then_commit(folder: Path, copy: Path) -> None:
        clone_by_links(folder, copy)
        commit_in(folder, "meanwhile")

    monkeypatch.setattr(checkout, "clone_by_links", clone_then_commit)
    with pytest.raises(CheckoutChanged, match="branches, at this moment"):
        await check_out_history(TWO, shop, force=True)
    assert subjects(shop) == ["meanwhile", "execution-1"]


@pytest.fixture
def two_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that cannot exchange two names."""
    monkeypatch.setattr(_swap, "_exchange", lambda *_: False)


@pytest.mark.usefixtures("two_renames")
async def test_without_an_exchange_two_renames_do(shop: Path) -> None:
    await check_out_history(TWO, shop)
    assert (in_folder(shop), alone(shop)) == (contents(SECOND), True)


@pytest.mark.usefixtures("two_renames")
def test_a_first_rename_without_a_second_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(FileNotFoundError):
        _swap.swap(tmp_path / "shop", tmp_path / "none", tmp_path / "aside")
    assert list_of(tmp_path) == ["shop"]


def test_a_folder_that_is_gone_cannot_be_swapped(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(FileNotFoundError):
        _swap.swap(tmp_path / "shop", tmp_path / "none", tmp_path / "aside")
    assert list_of(tmp_path) == ["shop"]
