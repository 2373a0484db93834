"""A place beside a folder where its next content is made, until a rename puts it there.

A process that is killed leaves its place behind. The system has dropped the lock on it by then, which is how the next
checkout into the same folder knows that it may clear it away.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from repomill.errors import DestinationExists
from repomill.publishing._swap import swap

_TREE, _ASIDE = "tree", "aside"


@dataclass(frozen=True, slots=True)
class Staging:
    """`tree` is where to work; it becomes `folder` by one of the methods, and is removed if neither is called."""

    folder: Path
    place: Path

    @property
    def tree(self) -> Path:
        """The folder that is to be; whoever works there makes it."""
        return self.place / _TREE

    def move_in(self) -> None:
        """Rename over nothing or an empty folder; raises `DestinationExists` when something came there meanwhile."""
        try:
            self.tree.rename(self.folder)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                raise DestinationExists(str(self.folder)) from error
            raise

    def swap_in(self) -> None:
        """Take the place of the folder, whose content is removed with this place."""
        swap(self.folder, self.tree, self.place / _ASIDE)


@contextmanager
def staging(folder: Path) -> Iterator[Staging]:
    """Make a place on the folder's file system, readable by its owner only, that is gone afterwards."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.parent / f".{folder.name}.{token_hex(8)}.checkout"
    place.mkdir(0o700)
    try:
        with _locked(place):
            yield Staging(folder, place)
    finally:
        # A Git that was killed may still be writing while the place goes.
        shutil.rmtree(place, ignore_errors=True)


def clear_up(folder: Path) -> None:
    """Remove what killed processes left beside a folder; one that was set aside in the middle of a swap goes back."""
    for left in _left_behind(folder):
        _clear(left, folder)


def _left_behind(folder: Path) -> list[Path]:
    ours = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{16}}\.checkout")
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    return [path for path in beside if ours.fullmatch(path.name) and path.is_dir()]


def _clear(place: Path, folder: Path) -> None:
    try:
        with _locked(place):
            if (place / _ASIDE).exists() and not folder.exists():
                (place / _ASIDE).rename(folder)
            shutil.rmtree(place, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        return


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock on a folder; raises `BlockingIOError` when another process does."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
