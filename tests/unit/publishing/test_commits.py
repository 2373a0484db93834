"""What a commit says, and which commits are known as ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from repomill.publishing._fast_import import commit_stream
from repomill.publishing.commits import DEFAULT_MESSAGE, CommitDetails, FoundCommit, Signature
from repomill.trees.tree import TreeFile

MOMENT = datetime(2026, 11, 20, 12, 30, 0, 999_999, tzinfo=UTC)
SIGNATURE = Signature("Repomill", "mill@localhost", MOMENT)
DETAILS = CommitDetails(SIGNATURE, "0197-1", "sha256:aa", "shop", "Generate shop")
LINE = "Repomill <mill@localhost> 1795177800 +0000"


def found(details: CommitDetails = DETAILS, author: str = LINE, committer: str = LINE) -> FoundCommit:
    raw = (
        f"tree 1\nparent 2\nparent 3\nauthor {author}\ncommitter {committer}\ngpgsig -----BEGIN\n x\n\n{details.text()}"
    )
    return FoundCommit.parse("4", raw)


def test_a_signature_is_in_utc_and_whole_seconds() -> None:
    there = SIGNATURE.at.astimezone(timezone(timedelta(hours=13)))
    assert SIGNATURE.line() == replace(SIGNATURE, at=there).line() == LINE


def test_a_signature_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(SIGNATURE, at=SIGNATURE.at.replace(tzinfo=None))


def test_a_signature_loses_what_git_gives_a_meaning() -> None:
    assert Signature("E <ve>\n", "e@x>\0", MOMENT).identity() == "E ve <e@x>"


def test_the_text_ends_with_the_trailers() -> None:
    assert DETAILS.text() == (
        "Generate shop\n\nRepomill-Execution: 0197-1\nRepomill-Tree: sha256:aa\nRepomill-Project: shop\n"
    )


@pytest.mark.parametrize("message", ["", "  \n", "\0\r"])
def test_an_empty_message_has_a_default(message: str) -> None:
    assert replace(DETAILS, message=message).text().startswith(f"{DEFAULT_MESSAGE}\n\n")


def test_without_a_project_there_is_no_trailer_for_it() -> None:
    assert "Repomill-Project" not in replace(DETAILS, project="").text()


def test_a_project_name_stays_on_its_line() -> None:
    assert replace(DETAILS, project="a\nRepomill-Tree: x").text().endswith("\nRepomill-Project: a Repomill-Tree: x\n")


def test_a_found_commit_is_read_back() -> None:
    commit = found()
    assert (commit.sha, commit.parents, commit.tree_digest) == ("4", ("2", "3"), "sha256:aa")
    assert commit.belongs_to(DETAILS)


def test_another_execution_of_the_project_is_ours_too() -> None:
    assert found(replace(DETAILS, execution_id="0197-0", tree_digest="sha256:bb")).belongs_to(DETAILS)


@pytest.mark.parametrize(
    "commit",
    [
        found(replace(DETAILS, project="bakery")),
        found(replace(DETAILS, project="")),
        found(committer="Ada <ada@example.com> 1795177800 +0000"),
        found(committer="Repomill <mill@localhost> 1795177801 +0000"),
        found(author="Ada <ada@example.com> 1 +0000", committer="Ada <ada@example.com> 1 +0000"),
        FoundCommit.parse("4", f"tree 1\nauthor {LINE}\ncommitter {LINE}\n\nBy hand\n"),
        FoundCommit.parse("4", f"tree 1\nauthor {LINE}\ncommitter {LINE}\n\nx\n\nRepomill-Tree: a\n\nNot the end\n"),
        FoundCommit.parse("4", ""),
    ],
    ids=["other project", "no project", "rebased", "amended later", "author reset", "bare", "not trailers", "empty"],
)
def test_any_other_commit_is_foreign(commit: FoundCommit) -> None:
    assert not commit.belongs_to(DETAILS)


def test_the_stream_is_read_lazily_and_quotes_paths() -> None:
    files = iter([TreeFile('a "b"\\\n.sh', b"x\n", "100755"), TreeFile("never", b"")])
    stream = commit_stream(files, DETAILS, "refs/x", "abc")
    seen = b""
    while not seen.endswith(b"\nx\n"):
        seen += next(stream)

    assert b'M 100755 inline "a \\"b\\"\\\\\\n.sh"\ndata 2\nx\n' in seen
    assert b"\nmerge abc\n" in seen
    assert next(files).path == "never"
