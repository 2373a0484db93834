"""Files that lie in a pack on this machine: a tree of any size costs the memory of its index."""

import os
from dataclasses import dataclass, replace
from typing import BinaryIO

from repomill.trees import _zip
from repomill.trees._zip import Listed
from repomill.trees.tree import File, FileMode, TreeFile


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of a pack, read when it is asked for; from several threads at once too.

    `source` is an open file of the system (it has a descriptor), and has to stay open as long as this is used.
    """

    path: str
    listed: Listed
    source: BinaryIO

    @property
    def mode(self) -> FileMode:
        """Ordinary or executable."""
        return self.listed.mode

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return self.listed.size

    @property
    def content(self) -> bytes:
        """The file's bytes, verified; raises `PackUnreadable`."""
        return _zip.verified(self.listed, self.raw)

    @property
    def raw(self) -> bytes:
        """The bytes as the pack has them, compressed or not."""
        return os.pread(self.source.fileno(), self.listed.stored_size, self.listed.offset)


def moved(file: File, path: str) -> File:
    """Return the same file under another path; one in a pack stays there."""
    return replace(file, path=path) if isinstance(file, PackedFile) else TreeFile(path, file.content, file.mode)
