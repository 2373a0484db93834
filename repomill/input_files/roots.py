"""Files below allowed folders. Nothing leads out: not `..`, not a link, not one that is made while we look."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from repomill.errors import InputFileRefused, InputFilesTooLarge, InputRootsMissing
from repomill.input_files.port import FoundFile, Wanted

MOST_VISITED: Final = 200_000
"""Files and folders a pattern may pass by."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not blocking: a pipe without a writer would keep the reader waiting before anybody could see that it is one.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Roots:
    """The allowed folders, absolute."""

    folders: tuple[Path, ...]

    def gather(self, node: str, wanted: Wanted) -> tuple[FoundFile, ...]:
        """Return the files, sorted by path; raises as `InputFiles.gather` does."""
        if not self.folders:
            raise InputRootsMissing(node)
        if "\0" in wanted.place:
            raise InputFileRefused(node, wanted.place, "it holds a NUL")
        if ".." in PurePosixPath(wanted.place).parts:
            raise InputFileRefused(node, wanted.place, "it holds '..'")
        if wanted.kind == "path":
            root, path = self._located(node, wanted.place)
            return (FoundFile(path, _read(node, root, path, wanted.max_bytes)),)
        return tuple(self._several(node, wanted))

    def _several(self, node: str, wanted: Wanted) -> Iterator[FoundFile]:
        found = list(self._matches(node, wanted))
        if len(found) > wanted.max_files:
            raise InputFilesTooLarge(node, wanted.place, f"{wanted.max_files} files")
        for shown, root, path in sorted(found):
            yield FoundFile(shown, _read(node, root, path, wanted.max_bytes))

    def _matches(self, node: str, wanted: Wanted) -> Iterator[tuple[str, Path, str]]:
        """Yield, for each file, what it is called, its root and its path in it."""
        if wanted.kind == "folder":
            root, folder = self._located(node, wanted.place)
            if not (root / folder).is_dir():
                raise InputFileRefused(node, wanted.place, "it is no folder")
            for path in _walk(node, wanted, root / folder, "**/*"):
                yield path.relative_to(root / folder).as_posix(), root, path.relative_to(root).as_posix()
            return
        for root, pattern in self._patterns(node, wanted.place):
            found = [path.relative_to(root).as_posix() for path in _walk(node, wanted, root, pattern)]
            if found:
                yield from ((path, root, path) for path in found)
                return

    def _patterns(self, node: str, place: str) -> Iterator[tuple[Path, str]]:
        """Yield the roots that a pattern may be for, with what it is within each: the one it begins with, or all."""
        pattern = PurePosixPath(place)
        for root in (folder.resolve() for folder in self.folders):
            if not pattern.is_absolute():
                yield root, _files_of(node, pattern)
            elif pattern.is_relative_to(root):
                yield root, _files_of(node, pattern.relative_to(root))
                return
        if pattern.is_absolute():
            raise InputFileRefused(node, place, "it is outside the allowed folders")

    def _located(self, node: str, place: str) -> tuple[Path, str]:
        """Return the real root that holds a path, and the real path in it."""
        reason = "there is no such file in the allowed folders"
        for root in (folder.resolve() for folder in self.folders):
            try:
                real = (root / place).resolve(strict=True)
            except (OSError, RuntimeError):  # not there, or links in a circle
                continue
            if real.is_relative_to(root):
                return root, real.relative_to(root).as_posix()
            reason = "it leads out of the allowed folders"
        raise InputFileRefused(node, place, reason)


def _files_of(node: str, pattern: PurePosixPath) -> str:
    """Return a pattern that matches files: `**` at the end, which means folders to pathlib, stands for all below."""
    if not pattern.parts:
        raise InputFileRefused(node, str(pattern), "it is no pattern of files; `**` takes all of them")
    return str(pattern / "*" if pattern.name == "**" else pattern)


def _walk(node: str, wanted: Wanted, start: Path, pattern: str) -> Iterator[Path]:
    """Yield the files; what lies behind a link, or is one, is passed over. `start` is a real path."""
    try:
        for visited, path in enumerate(start.glob(pattern)):
            if visited > MOST_VISITED:
                raise InputFilesTooLarge(node, wanted.place, f"{MOST_VISITED} files and folders to look at")
            if path.is_file() and path.resolve() == path:
                yield path
    except (ValueError, NotImplementedError, OSError) as error:
        raise InputFileRefused(node, wanted.place, f"it cannot be searched: {error}") from error


def _read(node: str, root: Path, path: str, max_bytes: int) -> bytes:
    """Read a file by its real path, step by step from the root: a link on the way was put there just now."""
    *folders, name = PurePosixPath(path).parts or (".",)
    with ExitStack() as opened:
        try:
            here = _opened(opened, os.open(root, _FOLDER))
            for folder in folders:
                here = _opened(opened, os.open(folder, _FOLDER, dir_fd=here))
            file = _opened(opened, os.open(name, _FILE, dir_fd=here))
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise InputFileRefused(node, path, "it is no ordinary file")
            with os.fdopen(os.dup(file), "rb") as reader:
                content = reader.read(max_bytes + 1)
        except OSError as error:
            raise InputFileRefused(node, path, error.strerror or "it cannot be read") from error
    if len(content) > max_bytes:
        raise InputFilesTooLarge(node, path, f"{max_bytes} bytes")
    return content


def _opened(stack: ExitStack, descriptor: int) -> int:
    stack.callback(os.close, descriptor)
    return descriptor
