"""Checks a project out as a process of its own, which ends by SIGKILL at some moment.

Arguments: the folder, and when to die: `in the middle` of the files, `before the swap`, `between renames` (of a system
that cannot swap in one step), or `after the swap`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from repomill.publishing import _staging, _swap
from repomill.publishing.checkout import check_out_history
from repomill.trees.tree import TreeFile
from tests.integration.publishing.histories import ONE, SECOND, dated, generation


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying() -> Iterator[TreeFile]:
    yield SECOND[0]
    die()


def dying_swap(moment: str, folder: Path, other: Path, aside: Path) -> None:
    if moment == "before the swap":
        die()
    if moment == "between renames":
        folder.rename(aside)
        die()
    _swap.swap(folder, other, aside)
    die()


def main() -> None:
    folder, moment = sys.argv[1:]
    files = dying() if moment == "in the middle" else SECOND
    pytest.MonkeyPatch().setattr(_staging, "swap", partial(dying_swap, moment))
    asyncio.run(check_out_history([*ONE, generation(files, dated(SECOND, 2))], Path(folder)))


if __name__ == "__main__":
    main()
