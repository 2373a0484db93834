"""The tree in which an agent works: files of upstream nodes to look at, and its own."""

from collections.abc import Iterable

from repomill.errors import ToolRefused, UnsafeTree
from repomill.trees.paths import check_paths
from repomill.trees.tree import File, FileMode, TreeFile

MOST_FILES = 5_000


class ScratchTree:
    """Files by path. Those it starts from belong to other nodes: they are read, never changed.

    A path is checked together with all others when it is written, so that the model hears at once what is wrong.
    """

    def __init__(self, start: Iterable[File] = (), max_file_size: int = 10 * 1024 * 1024) -> None:
        self._start = {file.path: file for file in start}
        self._own: dict[str, TreeFile] = {}
        self._max_file_size = max_file_size

    @property
    def own(self) -> tuple[TreeFile, ...]:
        """Return what was written, in order of path."""
        return tuple(self._own[path] for path in sorted(self._own))

    def paths(self) -> list[str]:
        """Return every path, sorted."""
        return sorted({*self._start, *self._own})

    def read(self, path: str) -> File:
        """Return a file; raises `ToolRefused` when there is none."""
        found = self._own.get(path) or self._start.get(path)
        if found is None:
            raise ToolRefused(f"there is no file {path!r}")
        return found

    def write(self, path: str, content: bytes, mode: FileMode = "100644") -> None:
        """Write a file of our own, whether it is there or not; raises `ToolRefused`."""
        self._refuse_foreign(path)
        if len(content) > self._max_file_size:
            raise ToolRefused(f"{path!r} would have {len(content)} bytes, and a file has at most {self._max_file_size}")
        if path not in self._own:
            if len(self._own) >= MOST_FILES:
                raise ToolRefused(f"there are {MOST_FILES} files already, which is the most")
            self._check([path])
        self._own[path] = TreeFile(path, content, mode)

    def move(self, path: str, to: str) -> None:
        """Rename a file of our own; raises `ToolRefused`."""
        self._refuse_foreign(path)
        self._refuse_foreign(to)
        if to in self._own:
            raise ToolRefused(f"there is a file {to!r} already")
        file = self._own.pop(path, None)
        if file is None:
            raise ToolRefused(f"there is no file {path!r}")
        try:
            self._check([to])
        except ToolRefused:
            self._own[path] = file
            raise
        self._own[to] = TreeFile(to, file.content, file.mode)

    def delete(self, path: str) -> None:
        """Take away a file of our own; raises `ToolRefused`."""
        self._refuse_foreign(path)
        if self._own.pop(path, None) is None:
            raise ToolRefused(f"there is no file {path!r}")

    def _refuse_foreign(self, path: str) -> None:
        if path in self._start:
            raise ToolRefused(f"{path!r} belongs to another node and cannot be changed; write another path")

    def _check(self, new: list[str]) -> None:
        try:
            check_paths([*self._start, *self._own, *new])
        except UnsafeTree as error:
            raise ToolRefused(" ".join(error.problems)) from error
