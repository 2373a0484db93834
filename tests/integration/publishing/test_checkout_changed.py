"""Checking out where a person changed something: refused, or forced without losing a commit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repomill.errors import CheckoutChanged
from repomill.publishing.checkout import check_out_history
from repomill.trees.tree import TreeFile
from tests.integration.publishing.histories import (
    FIRST,
    ONE,
    SECOND,
    THREE,
    TWO,
    alone,
    commit_in,
    contents,
    generations,
    head,
    in_folder,
    is_sound,
    subjects,
)
from tests.servers.git_http import git

Do = Callable[[Path], None]


def change(shop: Path) -> None:
    (shop / "README.md").write_text("mine")


def remove(shop: Path) -> None:
    (shop / "old.txt").unlink()


def make_executable(shop: Path) -> None:
    (shop / "README.md").chmod(0o755)


def stage(shop: Path) -> None:
    (shop / "staged").touch()
    git("-C", str(shop), "add", "staged")


def add_in_the_way(shop: Path) -> None:
    (shop / "src").mkdir()
    (shop / "src" / "new.py").write_text("mine")


def add_ignored_in_the_way(shop: Path) -> None:
    add_in_the_way(shop)
    (shop / ".git" / "info").mkdir(exist_ok=True)
    (shop / ".git" / "info" / "exclude").write_text("src\n")


def add_file_where_a_folder_comes(shop: Path) -> None:
    (shop / "src").write_text("mine")


def add_below_a_file_that_comes(shop: Path) -> None:
    (shop / "src" / "new.py").mkdir(parents=True)
    (shop / "src" / "new.py" / "mine").touch()


def commit(shop: Path) -> None:
    change(shop)
    commit_in(shop)


def commit_on_a_branch(shop: Path) -> None:
    git("-C", str(shop), "switch", "--quiet", "-c", "feature")
    commit(shop)


def commit_detached(shop: Path) -> None:
    git("-C", str(shop), "switch", "--quiet", "--detach")
    commit(shop)


CHANGES: dict[Do, str] = {
    change: "README.md",
    remove: "old.txt",
    make_executable: "README.md",
    stage: "staged",
    add_in_the_way: "src/new.py",
    add_ignored_in_the_way: "src/new.py",
    add_file_where_a_folder_comes: "src",
    add_below_a_file_that_comes: "src/new.py/mine",
    commit: "By hand",
    commit_on_a_branch: "By hand",
    commit_detached: "By hand",
}


@pytest.mark.parametrize("do", CHANGES)
async def test_what_a_person_did_is_not_overwritten(shop: Path, do: Do) -> None:
    do(shop)
    files, at = in_folder(shop), git("-C", str(shop), "show-ref", "--head")
    with pytest.raises(CheckoutChanged) as caught:
        await check_out_history(TWO, shop)
    [named] = caught.value.changes
    assert named.endswith(CHANGES[do])
    assert (in_folder(shop), git("-C", str(shop), "show-ref", "--head")) == (files, at)
    assert alone(shop)


@pytest.mark.parametrize("do", CHANGES)
async def test_unless_that_is_asked_for(shop: Path, do: Do) -> None:
    do(shop)
    await check_out_history(TWO, shop, force=True)
    assert in_folder(shop).items() >= contents(SECOND).items()
    assert subjects(shop) == ["execution-2", "execution-1"]
    assert is_sound(shop)
    assert alone(shop)


@pytest.mark.parametrize("do", [commit, commit_detached])
async def test_commits_of_a_person_get_a_branch(shop: Path, do: Do) -> None:
    do(shop)
    theirs = head(shop)
    git("-C", str(shop), "branch", "before-checkout-1", "HEAD~1")
    written = await check_out_history(TWO, shop, force=True)
    assert written.kept == ("before-checkout-2",)
    assert head(shop, "before-checkout-2") == theirs
    assert git("-C", str(shop), "show", "before-checkout-2:README.md") == "mine"


async def test_commits_on_a_branch_of_their_own_need_no_other(shop: Path) -> None:
    commit_on_a_branch(shop)
    assert (await check_out_history(TWO, shop, force=True)).kept == ()
    assert subjects(shop, "feature") == ["By hand", "execution-1"]


async def test_two_unfinished_lines_are_both_kept(shop: Path) -> None:
    on_main = commit_in(shop, "on main")
    git("-C", str(shop), "switch", "--quiet", "--detach", "HEAD~1")
    detached = commit_in(shop, "detached")
    written = await check_out_history(TWO, shop, force=True)
    assert {head(shop, name) for name in written.kept} == {on_main, detached}


async def test_a_later_generation_is_not_taken_back_unless_asked_for(tmp_path: Path) -> None:
    last = (await check_out_history(THREE, tmp_path / "shop")).commit
    with pytest.raises(CheckoutChanged, match="Generate shop"):
        await check_out_history(ONE, tmp_path / "shop")
    written = await check_out_history(ONE, tmp_path / "shop", force=True)
    assert in_folder(tmp_path / "shop") == contents(FIRST)
    assert subjects(tmp_path / "shop") == ["execution-1"]
    assert [head(tmp_path / "shop", name) for name in written.kept] == [last]


async def test_the_first_few_of_many_changes_are_named(tmp_path: Path) -> None:
    many = tuple(TreeFile(f"f{number}", b"x") for number in range(8))
    await check_out_history(generations(many), tmp_path / "shop")
    for file in many:
        (tmp_path / "shop" / file.path).write_text("mine")
    with pytest.raises(CheckoutChanged, match=r"f0; f1; f2; f3; f4; and 3 more\.$") as caught:
        await check_out_history(generations(many, FIRST), tmp_path / "shop")
    assert len(caught.value.changes) == 8
