"""500 pairs of edits, all merged at once, beside what plain Git makes of the same trees."""

import asyncio
from pathlib import Path
from subprocess import run

import pytest

from repomill.publishing.listings import blob_id
from tests.integration.publishing.edit_pairs import Kind, Pair, corpus
from tests.integration.publishing.exports import ADA
from tests.integration.publishing.merges import MergedTexts, merged
from tests.servers.git_http import GIT

PAIRS = corpus()


def side(name: str) -> dict[str, bytes]:
    found = {(pair.their_path if name == "theirs" else pair.path): getattr(pair, name) for pair in PAIRS}
    return {path: content for path, content in found.items() if content is not None}


@pytest.fixture(scope="module")
def result() -> MergedTexts:
    return asyncio.run(merged(side("base"), side("ours"), side("theirs")))


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `git merge-tree` writes for three commits that plain Git made: blob ids by path."""
    folder = tmp_path_factory.mktemp("oracle")
    plain(folder, "init", "--quiet", "--initial-branch=base")
    commit(folder, side("base"))
    for name in ("ours", "theirs"):
        plain(folder, "checkout", "--quiet", "-b", {"ours": "generated", "theirs": "repository"}[name], "base")
        commit(folder, side(name))
    command = ["git", "merge-tree", "--write-tree", "generated", "repository"]
    ended = run(command, cwd=folder, env=GIT, check=False, stdout=-1, text=True)  # 1: there are conflicts
    listed = plain(folder, "ls-tree", "-r", ended.stdout.split("\n")[0]).splitlines()
    return {row.split("\t")[1]: row.split()[2] for row in listed}


def commit(folder: Path, texts: dict[str, bytes]) -> None:
    plain(folder, "rm", "-r", "--quiet", "--ignore-unmatch", ".")
    for path, content in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    plain(folder, "add", ".")
    plain(folder, "commit", "--quiet", "-m", "side")


def plain(folder: Path, *arguments: str) -> str:
    return run(["git", *arguments], cwd=folder, env=GIT | ADA, check=True, stdout=-1, text=True).stdout


def of(*kinds: Kind) -> list[Pair]:
    found = [pair for pair in PAIRS if pair.kind in kinds]
    assert len(found) > 10
    return found


def test_no_line_of_a_person_is_lost(result: MergedTexts) -> None:
    kinds = set(Kind) - {Kind.BINARY, Kind.DELETED}
    lost = [pair.number for pair in of(*kinds) if not {*pair.written} <= {*result.texts[pair.their_path].split("\n")}]
    assert lost == []


def test_edits_that_are_apart_need_nobody(result: MergedTexts) -> None:
    marked = [pair.number for pair in of(Kind.APART, Kind.MOVED) if "<<<<<<<" in result.texts[pair.their_path]]
    assert marked == []
    assert not {conflict.path for conflict in result.conflicts} & {
        pair.their_path for pair in of(Kind.APART, Kind.MOVED)
    }


def test_files_that_moved_are_followed(result: MergedTexts) -> None:
    for pair in of(Kind.MOVED):
        assert pair.path not in result.texts
        assert pair.ours
        new = {*pair.ours.decode().splitlines()} - {*(pair.base or b"").decode().splitlines()}
        assert new <= {*result.texts[pair.their_path].splitlines()}


def test_the_same_lines_are_marked_with_both_texts(result: MergedTexts) -> None:
    for pair in of(Kind.SAME_LINES):
        text = result.texts[pair.path]
        assert text.index("<<<<<<< generated") < text.index("=======") < text.index(">>>>>>> repository")
        assert f"generated at {pair.number}\n" in text
        assert result.outcome(pair.path) == "marked"


def test_what_a_person_deleted_stays_deleted(result: MergedTexts) -> None:
    assert not {pair.path for pair in of(Kind.DELETED)} & result.texts.keys()
    assert {result.outcome(pair.path) for pair in of(Kind.DELETED)} == {"stays_deleted"}


def test_what_a_person_edited_is_not_removed(result: MergedTexts) -> None:
    assert {result.outcome(pair.path) for pair in of(Kind.REMOVED)} == {"kept"}
    assert all(result.texts[pair.path] == (pair.theirs or b"").decode() for pair in of(Kind.REMOVED))


def test_binary_files_are_never_mixed(result: MergedTexts) -> None:
    assert all(result.blobs[pair.path].id == blob_id(pair.theirs or b"") for pair in of(Kind.BINARY))


def test_all_else_is_what_git_makes_of_it(result: MergedTexts, oracle: dict[str, str]) -> None:
    special = {pair.path for pair in of(Kind.BINARY, Kind.DELETED)}
    ours = {path: blob.id for path, blob in result.blobs.items() if path not in special}
    assert ours == {path: blob for path, blob in oracle.items() if path not in special}
    assert len(ours) > 400
