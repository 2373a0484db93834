"""Pushing to a bare repository on the disk: what arrives, and what a repeat does."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from repomill.errors import GitFailed, RemoteMoved, RemoteRefused
from repomill.publishing.git_push import push_tree
from repomill.publishing.journal import MemoryJournal, Step
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile
from tests.integration.publishing.projects import (
    FILES,
    OTHER_FILES,
    SIGNATURE,
    commit_by_a_person,
    count_commits,
    details,
    files_at,
)
from tests.servers.git_http import git


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


async def test_an_empty_repository_gets_one_branch_with_exactly_the_files(bare: Path) -> None:
    pushed = await push_tree(FILES, details(), GitTarget(bare.as_uri()))

    assert (pushed.created, pushed.unchanged) == (True, False)
    assert git("-C", str(bare), "rev-parse", "main") == pushed.commit
    assert files_at(str(bare), "main") == {file.path: (file.mode, blob_id(file.content)) for file in FILES}
    assert git("-C", str(bare), "fsck", "--strict", "--full", "--no-progress") == ""


async def test_the_commit_names_execution_tree_and_project(bare: Path) -> None:
    await push_tree(FILES, details(), GitTarget(str(bare)))

    shown = git("-C", str(bare), "show", "-s", "--format=%an|%ae|%cn|%at|%ct|%s|%(trailers:only,unfold)", "main")
    assert shown.splitlines() == [
        "Repomill|repomill@localhost|Repomill|1795177800|1795177800|Generate shop|Repomill-Execution: 0197-1",
        f"Repomill-Tree: {details().tree_digest}",
        "Repomill-Project: shop",
    ]


async def test_a_clone_has_the_contents_and_the_executable_bit(bare: Path, tmp_path: Path) -> None:
    await push_tree(FILES, details(), GitTarget(bare.as_uri()))

    git("clone", "--quiet", str(bare), str(tmp_path / "clone"))
    for file in FILES:
        path = tmp_path / "clone" / file.path
        assert path.read_bytes() == file.content
        assert bool(path.stat().st_mode & 0o100) == (file.mode == "100755")


async def test_a_new_tree_of_the_same_project_replaces_the_old_one_on_top_of_it(bare: Path) -> None:
    first = await push_tree(FILES, details(), GitTarget(bare.as_uri()))
    second = await push_tree(OTHER_FILES, details(OTHER_FILES, "0197-2"), GitTarget(bare.as_uri()))

    assert git("-C", str(bare), "rev-parse", "main~1") == first.commit
    assert (second.created, second.unchanged) == (False, False)
    assert list(files_at(str(bare), "main")) == ["README.md"]
    assert git("-C", str(bare), "fsck", "--strict", "--full", "--no-progress") == ""


async def test_the_same_tree_again_makes_no_commit_and_reads_no_file(bare: Path) -> None:
    first = await push_tree(FILES, details(), GitTarget(bare.as_uri()))
    files = iter(FILES)
    second = await push_tree(files, details(execution="0197-2"), GitTarget(bare.as_uri()))

    assert second == replace(first, created=False, unchanged=True)
    assert count_commits(bare) == 1
    assert next(files) == FILES[0]


async def test_a_branch_beside_others_is_created(bare: Path) -> None:
    theirs = commit_by_a_person(bare)
    pushed = await push_tree(FILES, details(), GitTarget(bare.as_uri(), "generated/shop"))

    assert pushed.created
    assert git("-C", str(bare), "rev-parse", "main") == theirs
    assert count_commits(bare, "generated/shop") == 1


@pytest.mark.parametrize("amend", [False, True], ids=["added", "amended"])
async def test_commits_of_a_person_are_never_covered(bare: Path, *, amend: bool) -> None:
    await push_tree(FILES, details(), GitTarget(bare.as_uri()))
    theirs = commit_by_a_person(bare, amend=amend)

    with pytest.raises(RemoteMoved) as caught:
        await push_tree(OTHER_FILES, details(OTHER_FILES), GitTarget(bare.as_uri()))
    assert caught.value.found == theirs
    assert git("-C", str(bare), "rev-parse", "main") == theirs


async def test_the_branch_of_another_project_is_never_taken(bare: Path) -> None:
    await push_tree(FILES, details(project="bakery"), GitTarget(bare.as_uri()))
    with pytest.raises(RemoteMoved):
        await push_tree(OTHER_FILES, details(OTHER_FILES), GitTarget(bare.as_uri()))
    assert count_commits(bare) == 1


async def test_a_finished_export_is_not_repeated_even_if_the_branch_went_on(bare: Path) -> None:
    journal = MemoryJournal()
    first = await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal)
    commit_by_a_person(bare)

    assert await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal) == first


@pytest.mark.parametrize("went_on", [False, True], ids=["at our commit", "gone on from it"])
async def test_a_push_whose_note_was_lost_is_found(bare: Path, *, went_on: bool) -> None:
    journal = MemoryJournal()
    first = await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal)
    del journal.steps[Step.PUSH]
    if went_on:
        commit_by_a_person(bare)

    assert await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal) == first
    assert count_commits(bare) == 1 + went_on


async def test_a_commit_whose_push_was_lost_is_made_again_with_the_same_id(bare: Path) -> None:
    journal = MemoryJournal()
    first = await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal)
    del journal.steps[Step.PUSH]
    git("-C", str(bare), "update-ref", "-d", "refs/heads/main")

    assert await push_tree(FILES, details(), GitTarget(bare.as_uri()), journal=journal) == first


async def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RemoteRefused, match="no such repository"):
        await push_tree(FILES, details(), GitTarget(str(tmp_path / "absent.git")))


async def test_files_that_cannot_be_read_push_nothing(bare: Path) -> None:
    def broken() -> object:
        yield FILES[0]
        raise OSError("the store went away")

    with pytest.raises(OSError, match="the store went away"):
        await push_tree(broken(), details(), GitTarget(bare.as_uri()))  # type: ignore[arg-type]  # a bare generator
    assert git("-C", str(bare), "for-each-ref") == ""


async def test_a_path_git_does_not_accept_is_gits_failure(bare: Path) -> None:
    with pytest.raises(GitFailed, match="path"):
        await push_tree([TreeFile("a//b", b"")], details(), GitTarget(bare.as_uri()))


async def test_two_thousand_files_go_in_one_commit(bare: Path) -> None:
    files = [TreeFile(f"src/module_{n % 40}/file_{n}.py", f"VALUE = {n}\n".encode()) for n in range(2000)]
    await push_tree(files, details(), GitTarget(bare.as_uri()))

    assert len(files_at(str(bare), "main")) == 2000
    assert count_commits(bare) == 1


async def test_a_message_cannot_pose_as_a_trailer_or_a_header(bare: Path) -> None:
    forged = replace(
        details(message="Hi\n\nRepomill-Tree: sha256:forged\r\nRepomill-Execution: other\0"),
        signature=replace(SIGNATURE, name="Eve <eve@example.com> 1 +0000\nparent "),
    )
    await push_tree(FILES, forged, GitTarget(bare.as_uri()))

    assert git("-C", str(bare), "fsck", "--strict", "--full", "--no-progress") == ""
    again = await push_tree(FILES, forged, GitTarget(bare.as_uri()))
    assert again.unchanged
