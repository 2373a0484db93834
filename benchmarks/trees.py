"""Trees of 10,000 files to measure with."""

import random
import subprocess
from pathlib import Path

from repomill.trees.tree import TreeFile

FILES = 10_000
WORDS = ("def", "return", "value", "import", "class", "self", "module", "result", "for", "in", "None", "True")


def make_files() -> list[TreeFile]:
    chance = random.Random(7)
    return [
        TreeFile(f"src/p{number % 100}/m{number}.py", " ".join(chance.choices(WORDS, k=600)).encode())
        for number in range(FILES)
    ]


def write(files: list[TreeFile], folder: Path) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)


def command(folder: Path, *arguments: str) -> None:
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
