"""Port: reads the files that a node takes in."""

from dataclasses import dataclass
from typing import Literal, Protocol

from repomill.canonical import digest_bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a node asks for: one file, the matches of a pattern, everything below a folder, or one stored object.

    `max_bytes` bounds each file, `max_files` how many there may be.
    """

    kind: Literal["path", "glob", "folder", "artifact"]
    place: str
    max_bytes: int
    max_files: int


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was when it was read; `path` is relative to its root, or to the folder that was asked for."""

    path: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:<hex>` over the content."""
        return digest_bytes(self.content)


class InputFiles(Protocol):
    """What the worker may read, and the organisation's own objects."""

    async def gather(self, node: str, wanted: Wanted) -> tuple[FoundFile, ...]:
        """Return the files, sorted by path.

        Raises:
            InputRootsMissing: no folder is allowed.
            InputFileRefused: it is outside, not there, no ordinary file, or cannot be read.
            InputFilesTooLarge: a file is too large, or there are too many.
            ArtifactMissing: there is no such object.
        """
