"""Checking a project's history out, into a new folder and into one that an earlier checkout made."""

from pathlib import Path

import pytest

from repomill.errors import ArtifactMissing, DestinationExists
from repomill.publishing.checkout import check_out_history
from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from tests.integration.publishing.histories import (
    FIRST,
    ONE,
    SECOND,
    THIRD,
    THREE,
    TWO,
    alone,
    contents,
    dated,
    generations,
    gone,
    head,
    in_folder,
    is_sound,
    subjects,
)
from tests.servers.git_http import git


def nothing_in(folder: Path) -> bool:
    return not any(folder.iterdir())


async def test_the_history_has_the_commits_that_pushes_one_after_the_other_make(tmp_path: Path, bare: Path) -> None:
    for number, files in enumerate((FIRST, SECOND, THIRD), 1):
        pushed = await push_tree(files, dated(files, number), GitTarget(bare.as_uri()))
    written = await check_out_history(THREE, tmp_path / "shop")
    assert (written.commit, written.skipped, written.kept) == (pushed.commit, (), ())
    assert in_folder(tmp_path / "shop") == contents(THIRD)
    assert subjects(tmp_path / "shop") == ["execution-3", "execution-2", "execution-1"]
    assert is_sound(tmp_path / "shop")


async def test_a_tree_like_the_one_before_makes_no_commit(tmp_path: Path) -> None:
    await check_out_history(generations(FIRST, FIRST, SECOND, SECOND), tmp_path / "shop")
    assert subjects(tmp_path / "shop") == ["execution-3", "execution-1"]


async def test_trees_that_are_gone_are_left_out(tmp_path: Path) -> None:
    first, second, third = THREE
    written = await check_out_history([first, gone(second), third], tmp_path / "shop")
    assert written.skipped == (second.details,)
    assert subjects(tmp_path / "shop") == ["execution-3", "execution-1"]


async def test_the_tree_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        await check_out_history([TWO[0], gone(TWO[1])], tmp_path / "shop")
    assert nothing_in(tmp_path)


async def test_a_checkout_is_brought_up_to_date(shop: Path) -> None:
    written = await check_out_history(THREE, shop)
    assert in_folder(shop) == contents(THIRD)
    assert subjects(shop) == ["execution-3", "execution-2", "execution-1"]
    assert (head(shop), git("-C", str(shop), "symbolic-ref", "HEAD")) == (written.commit, "refs/heads/main")
    assert is_sound(shop)
    assert alone(shop)


async def test_a_checkout_in_steps_is_the_same_as_one_at_once(shop: Path, tmp_path: Path) -> None:
    await check_out_history(TWO, shop)
    stepwise = await check_out_history(THREE, shop)
    assert stepwise == await check_out_history(THREE, tmp_path / "at once")
    assert git("-C", str(shop), "for-each-ref", "--format=%(refname)") == "refs/heads/main"


async def test_the_same_once_more_changes_nothing(shop: Path) -> None:
    before = head(shop)
    assert (await check_out_history(ONE, shop)).commit == before
    assert in_folder(shop) == contents(FIRST)


async def test_trees_that_are_there_already_are_not_needed_again(shop: Path) -> None:
    first, second, third = THREE
    await check_out_history([gone(first), second, third], shop)
    assert subjects(shop) == ["execution-3", "execution-2", "execution-1"]


async def test_a_checkout_of_generations_that_nobody_knows_any_more_gets_the_one_asked_for(shop: Path) -> None:
    await check_out_history(THREE[1:], shop)
    assert subjects(shop) == ["execution-3", "execution-1"]


async def test_a_clone_of_what_was_pushed_is_a_checkout(tmp_path: Path, bare: Path) -> None:
    await push_tree(FIRST, dated(FIRST, 1), GitTarget(bare.as_uri()))
    git("clone", "--quiet", bare.as_uri(), str(tmp_path / "clone"))
    await check_out_history(TWO, tmp_path / "clone")
    assert subjects(tmp_path / "clone") == ["execution-2", "execution-1"]
    assert head(tmp_path / "clone", "origin/main") == head(tmp_path / "clone", "HEAD~1")


async def test_what_a_person_keeps_beside_the_project_stays(shop: Path) -> None:
    kept = {"notes.txt": b"mine", ".venv/bin/python": b"\0", "src/mine.py": b"mine", ".env": b"TOKEN=1"}
    for path, content in kept.items():
        (shop / path).parent.mkdir(parents=True, exist_ok=True)
        (shop / path).write_bytes(content)
    (shop / "link").symlink_to("nowhere")
    (shop / ".git" / "info").mkdir(exist_ok=True)
    (shop / ".git" / "info" / "exclude").write_text(".env\n.venv\n")
    git("-C", str(shop), "config", "user.name", "Ada")
    git("-C", str(shop), "branch", "mine")
    await check_out_history(TWO, shop)
    assert in_folder(shop) == contents(SECOND) | kept
    assert (shop / "link").is_symlink()
    assert git("-C", str(shop), "config", "user.name") == "Ada"
    assert git("-C", str(shop), "status", "--porcelain").split() == [
        "??",
        "link",
        "??",
        "notes.txt",
        "??",
        "src/mine.py",
    ]
    assert head(shop, "mine") == head(shop, "main~1")


@pytest.mark.parametrize("force", [True, False])
async def test_another_projects_checkout_is_foreign(shop: Path, *, force: bool) -> None:
    with pytest.raises(DestinationExists):
        await check_out_history(generations(SECOND, project="bakery"), shop, force=force)
    assert in_folder(shop) == contents(FIRST)


@pytest.mark.parametrize("force", [True, False])
async def test_a_folder_inside_a_checkout_is_foreign(shop: Path, *, force: bool) -> None:
    (shop / "mine").mkdir()
    (shop / "mine" / ".git").mkdir()
    with pytest.raises(DestinationExists):
        await check_out_history(TWO, shop / "mine", force=force)
    assert subjects(shop) == ["execution-1"]


async def test_a_persons_hooks_are_not_started(shop: Path) -> None:
    hook = shop / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {shop.parent}/started\n")
    hook.chmod(0o755)
    await check_out_history(TWO, shop)
    assert alone(shop)


async def test_a_file_shared_with_another_place_is_replaced_and_not_written_into(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").hardlink_to(shop / "README.md")
    await check_out_history(TWO, shop)
    assert (tmp_path / "elsewhere").read_bytes() == b"one\n"
