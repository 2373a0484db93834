"""Temporary folders that never stay: what a killed process left behind is removed by the next one."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

PREFIX: Final = "repomill-scratch-"

_NEW: Final = 60.0
"""Seconds in which a folder may be without its lock, because it was only just made."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder that only this user can read, and that is gone afterwards."""
    _clear_up_once(tempfile.gettempdir())
    # Threads and processes that were told to end may still be writing while the folder goes.
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name, _locked(Path(name)):
        yield Path(name)


def clear_up(place: Path) -> None:
    """Remove the scratch folders of processes that are gone: the system has dropped their locks."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, in use, or removed meanwhile
            if time.time() - folder.stat().st_mtime > _NEW:
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)


@cache
def _clear_up_once(place: str) -> None:
    clear_up(Path(place))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock on a folder; raises `BlockingIOError` when another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
