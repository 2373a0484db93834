"""Git trees as plain dictionaries: what is at which path, without the contents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

from repomill.publishing._command import Git
from repomill.trees.tree import TreeFile

SUBMODULE: Final = "160000"
SYMLINK: Final = "120000"


@dataclass(frozen=True, slots=True)
class Blob:
    """What a tree says of one path: `mode` as Git spells it, `id` is 40 hex digits."""

    mode: str
    id: str


Listing = Mapping[str, Blob]
"""Every file of a tree by its path."""


def blob_id(content: bytes) -> str:
    """Return the id that Git gives this content (SHA-1 over a header and the bytes)."""
    return sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


async def list_tree(git: Git, treeish: str) -> dict[str, Blob]:
    """List a tree; its blobs need not be there."""
    printed = await git.output("ls-tree", "-r", "-z", "--full-tree", treeish)
    return dict(_row(row) for row in printed.split("\0") if row)


def _row(row: str) -> tuple[str, Blob]:
    facts, _, path = row.partition("\t")
    mode, _, blob = facts.split(" ")
    return path, Blob(mode, blob)


@dataclass
class BlobStream:
    """Feeds `git fast-import` with the contents it lacks, and lists all that pass.

    One file is held at a time. Blobs whose ids are in `known` are listed only: the remote has them.
    """

    files: Iterable[TreeFile]
    known: frozenset[str]
    listing: dict[str, Blob] = field(default_factory=dict)

    def __iter__(self) -> Iterator[bytes]:
        yield b"feature done\n"
        written: set[str] = set()
        for file in self.files:
            blob = Blob(file.mode, blob_id(file.content))
            self.listing[file.path] = blob
            if blob.id not in self.known and blob.id not in written:
                written.add(blob.id)
                yield b"blob\ndata %d\n" % len(file.content)
                yield file.content
                yield b"\n"
        yield b"done\n"


async def store_blobs(git: Git, files: Iterable[TreeFile], known: frozenset[str] = frozenset()) -> dict[str, Blob]:
    """Write the contents that nobody has yet, and list the files; they are read once, in another thread.

    Raises:
        GitFailed: Git could not write.
    """
    stream = BlobStream(files, known)
    await git.must("fast-import", "--quiet", feed=stream)
    return stream.listing


async def missing_blobs(git: Git, blobs: Iterable[str]) -> list[str]:
    """Return those of the ids whose objects are not in the repository, sorted."""
    wanted = sorted(set(blobs))
    if not wanted:
        return []
    printed = await git.must("cat-file", "--batch-check=%(objectname)", feed=[f"{blob}\n".encode() for blob in wanted])
    return [line.removesuffix(" missing") for line in printed.splitlines() if line.endswith(" missing")]


def differing(one: Listing, other: Listing) -> list[str]:
    """Return the paths at which two trees are not alike, sorted."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
