"""Files that lie in a folder, read one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repomill.trees.tree import FileMode

_EXECUTABLE = 0o100


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A file of a folder; its content is that of the moment it is asked for."""

    path: str
    mode: FileMode
    size: int
    place: Path

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return self.place.read_bytes()


def files_in(folder: Path) -> Iterator[DiskFile]:
    """Yield the files below a folder by path; links are not followed, and byte-code of Python is none of it."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    for path in found:
        if "__pycache__" not in path.parts:
            status = path.stat()
            mode: FileMode = "100755" if status.st_mode & _EXECUTABLE else "100644"
            yield DiskFile(path.relative_to(folder).as_posix(), mode, status.st_size, path)
