"""A disk that is soon full: a real one in memory where that may be mounted, else a limit on what a file may hold."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTE = 1024 * 1024
SIZE = 2 * MEGABYTE


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Make a folder that takes two megabytes, and no file of more than that either where nothing can be mounted."""
    folder.mkdir()
    with _mounted(folder) if _may_mount(folder) else _limited():
        yield folder


def _may_mount(folder: Path) -> bool:
    if os.geteuid():
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "small", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def _limited() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
