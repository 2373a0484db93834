"""A generated tree: files by path, and the one digest that names it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from repomill.canonical import digest, digest_bytes

FileMode = Literal["100644", "100755"]
"""Git's spelling: an ordinary file or an executable one. Trees hold nothing else."""

TREE_FORMAT = 1
"""Part of every tree digest; raised when the meaning of a manifest changes."""


class File(Protocol):
    """One file of a tree, wherever its bytes are; `content` may be read from a disk each time it is asked for."""

    @property
    def path(self) -> str:
        """Relative, with `/` between its parts."""

    @property
    def mode(self) -> FileMode:
        """Ordinary or executable."""

    @property
    def size(self) -> int:
        """Bytes of the content."""

    @property
    def content(self) -> bytes:
        """All of it."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a tree, in memory; `path` is relative with `/` between its parts."""

    path: str
    content: bytes
    mode: FileMode = "100644"

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return len(self.content)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What a manifest says of one file: `sha256` is 64 hex digits over the file's bytes, `size` is in bytes."""

    path: str
    mode: FileMode
    size: int
    sha256: str

    @classmethod
    def of(cls, file: File) -> "Entry":
        """Describe a file; its content is read once."""
        content = file.content
        return cls(file.path, file.mode, len(content), digest_bytes(content).removeprefix("sha256:"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The entries of a tree, sorted by path; equal trees have equal digests, however they were packed."""

    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, files: Iterable[File]) -> "Manifest":
        """Describe files, one at a time."""
        return cls(tuple(sorted(Entry.of(file) for file in files)))

    @property
    def digest(self) -> str:
        """`sha256:<hex>` over paths, modes and contents, never over compressed bytes or times."""
        rows = [[entry.path, entry.mode, entry.sha256] for entry in self.entries]
        return digest({"tree": TREE_FORMAT, "entries": rows})

    @property
    def total_size(self) -> int:
        """Bytes of all files together."""
        return sum(entry.size for entry in self.entries)
