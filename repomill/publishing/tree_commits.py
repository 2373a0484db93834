"""Commits made out of trees that exist, changed at some paths, without reading what stays as it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repomill.publishing._command import Git
from repomill.publishing._fast_import import quoted
from repomill.publishing.listings import Blob, Listing, differing

Edits = Mapping[str, Blob | None]
"""What a path is to hold; None for nothing."""

_SCRATCH_SIGNATURE = "Repomill <repomill@localhost> 0 +0000"


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be made at `ref`: the tree of `start` (None: empty) after `edits`.

    `parents` are commit ids, or marks such as `:1` of commits that are made along with it.
    """

    ref: str
    start: str | None
    edits: Edits
    parents: Sequence[str] = ()
    message: str = "scratch\n"
    signature: str = _SCRATCH_SIGNATURE


async def make_commits(git: Git, commits: Sequence[NewCommit]) -> list[str]:
    """Make commits in one process and return their ids; `start` must be the id of a tree.

    Raises:
        GitFailed: an edit names a blob that is not there, or Git could not write.
    """
    return (await git.must("fast-import", "--quiet", "--force", feed=_stream(commits))).split()


def edits_between(start: Listing, wanted: Listing) -> Edits:
    """Return what turns one tree into another."""
    return {path: wanted.get(path) for path in differing(start, wanted)}


async def tree_of(git: Git, commit: str) -> str:
    """Return the id of a commit's tree."""
    return await git.must("rev-parse", "--verify", f"{commit}^{{tree}}")


def _stream(commits: Sequence[NewCommit]) -> Iterator[bytes]:
    yield b"feature done\n"
    for mark, commit in enumerate(commits, 1):
        yield from _commit(commit, mark)
    yield from (b"get-mark :%d\n" % mark for mark in range(1, len(commits) + 1))
    yield b"done\n"


def _commit(commit: NewCommit, mark: int) -> Iterator[bytes]:
    message = commit.message.encode()
    yield f"reset {commit.ref}\ncommit {commit.ref}\nmark :{mark}\n".encode()
    yield f"author {commit.signature}\ncommitter {commit.signature}\ndata {len(message)}\n".encode()
    yield message + b"\n"
    yield from (f"merge {parent}\n".encode() for parent in commit.parents)
    if commit.start:
        yield f'M 040000 {commit.start} ""\n'.encode()
    # Deletions first: a folder may be where a file was.
    yield from (f"D {quoted(path)}\n".encode() for path, blob in commit.edits.items() if blob is None)
    yield from (f"M {blob.mode} {blob.id} {quoted(path)}\n".encode() for path, blob in commit.edits.items() if blob)
    yield b"\n"
