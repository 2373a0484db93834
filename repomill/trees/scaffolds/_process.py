"""Starts the process that renders, and ends it: when it is done, over its bounds, or not wanted any more."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from repomill.errors import RenderingTooLarge
from repomill.trees.scaffolds.source import Allowance

MEGABYTE: Final = 1024 * 1024

_CHILD: Final = "repomill.trees.scaffolds._child"
_LOOK: Final = 0.5
"""Seconds between two looks at how much was written; no limit of the system bounds that."""


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """Bounds of one template: seconds, and bytes of memory, of one file and of all files."""

    seconds: float = 300.0
    memory: int = 1024 * MEGABYTE
    file_size: int = 100 * MEGABYTE
    total_size: int = 256 * MEGABYTE

    def refuse_size(self, address: str) -> RenderingTooLarge:
        """Return the error for too many bytes of files."""
        return RenderingTooLarge(address, f"{self.total_size // MEGABYTE} MB of files")


async def run_child(folder: Path, allow: Collection[Allowance], address: str, limits: RenderLimits) -> int:
    """Render what `folder/request.json` says into `folder/out`, and return how the process ended.

    Raises:
        RenderingTooLarge: it took too long, or wrote too much.
    """
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-W", "ignore", "-m", _CHILD, str(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder / "home",
            env=_environment(folder / "home", allow),
            start_new_session=True,
        )  # fmt: skip
    try:
        return await asyncio.wait_for(_watched(process, folder / "out", address, limits), limits.seconds)
    except TimeoutError as error:
        raise RenderingTooLarge(address, f"{limits.seconds:g} seconds") from error
    finally:
        if process.returncode is None or allow:  # tasks may have left something behind
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


async def _watched(process: asyncio.subprocess.Process, out: Path, address: str, limits: RenderLimits) -> int:
    ended = asyncio.ensure_future(process.wait())
    while not (await asyncio.wait({ended}, timeout=_LOOK))[0]:
        if await asyncio.to_thread(_size, out) > limits.total_size:
            raise limits.refuse_size(address)
    return ended.result()


def _size(folder: Path) -> int:
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a task removed it
                size += Path(place, name).lstat().st_size
    return size


def _environment(home: Path, allow: Collection[Allowance]) -> dict[str, str]:
    """Return an environment without secrets; foreign code gets a PATH, else Copier would ask Git about every file."""
    return {
        "PATH": os.environ.get("PATH", os.defpath) if allow else "",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
