"""A disk that is soon full: a real one in memory, or for who may not mount one, a limit on what a file may hold."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEGABYTE = 1024 * 1024
SIZE = 2 * MEGABYTE


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Make a folder that takes two megabytes; skips the test where nothing may be mounted."""
    folder.mkdir()
    if not _may_mount(folder):
        pytest.skip("only root can mount a disk")
    with _mounted(folder):
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
def small_files() -> Iterator[None]:
    """Let no file of this process and its children grow beyond two megabytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
