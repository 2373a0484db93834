"""Peak memory of each step on a tree of 1 GB: 10,000 files, 500 of them templates, a quarter of them noise.

Each step runs in a process of its own. Counted is the resident memory of it and of all it starts (Git, rendering
processes), added up every 20 ms; pages that two of them share count twice. The Prefect server is not one of them.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.generation import embedded

FILES = 10_000
TEMPLATES = 500
BLOCK = 10_000
BLOCKS = 10
STEPS = (
    "intake", "generate", "archive-zip", "archive-tar", "archive-tar.gz", "archive-tar.zst", "push", "checkout",
    "read", "download",
)  # fmt: skip
BOUND = 400
LOOK = 0.02


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rm-") as name, embedded(Path(name) / "home"):
        folder = Path(name)
        size = make_tree(folder / "template")
        print(f"{FILES} files, {size / 1e9:.2f} GB")
        for step in STEPS:
            print(f"{step:<44} {peak(step, folder) / 1e6:7.0f} MB   (bound: {BOUND} MB)", flush=True)


def make_tree(folder: Path) -> int:
    """Write the files and return their bytes."""
    chance = random.Random(7)
    words = [f"word{number}" for number in range(2000)]
    texts = [" ".join(chance.choices(words, k=BLOCK // 8))[:BLOCK].encode() for _ in range(200)]
    for number in range(FILES):
        path = folder / f"p{number % 100}" / (f"m{number}.md.j2" if number < TEMPLATES else f"m{number}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = chance.randbytes(BLOCK * BLOCKS) if number % 4 == 3 and number >= TEMPLATES else b""
        path.write_bytes(noise or b"# {{ title }} %d\n" % number + b"\n".join(chance.choices(texts, k=BLOCKS)))
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def peak(step: str, folder: Path) -> int:
    """Run a step in a process of its own and return the most bytes that it and its children had."""
    command = [sys.executable, "-m", "benchmarks.memory_steps", step, str(folder)]
    process = psutil.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, sum(resident(process)))
        time.sleep(LOOK)
    if process.returncode:
        raise SystemExit(f"{step} ended with {process.returncode}")
    return most


def resident(process: psutil.Process) -> Iterator[int]:
    with suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                yield one.memory_info().rss
