"""Trees of 10,000 files against the commands people would use."""

import asyncio
import random
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import pair
from repomill.publishing.commits import CommitDetails, Signature
from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from repomill.trees.archives import write_archive
from repomill.trees.pack import write_pack
from repomill.trees.tree import TreeFile

FILES = 10_000
WORDS = ("def", "return", "value", "import", "class", "self", "module", "result", "for", "in", "None", "True")


def main() -> None:
    files = make_files()
    print(f"{FILES} files, {sum(len(file.content) for file in files) / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = folder / "tree"
        write(files, tree)
        pack = folder / "pack.zip"
        print(
            pair(lambda: pack_into(files, pack), lambda: command(tree, "tar", "-cf", "../t.tar", "."), 3).line(
                "pack", "tar -cf"
            )
        )
        if shutil.which("zip"):
            zipped = pair(lambda: pack_into(files, pack), lambda: command(tree, "zip", "-qr", "../z.zip", "."), 3)
            print(zipped.line("path safety + digest + pack", "zip -r"))
        archived = pair(lambda: archive(pack, folder / "a"), lambda: command(tree, "tar", "-czf", "../t.tgz", "."), 3)
        print(archived.line("tar.gz from the pack", "tar -czf"))
        pushed = pair(lambda: push(files, folder), lambda: git(tree, folder), 3)
        print(pushed.line("commit and push", "git add, commit, push"))


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


def pack_into(files: list[TreeFile], path: Path) -> None:
    with path.open("wb") as out:
        write_pack(files, out)


def archive(pack: Path, path: Path) -> None:
    with pack.open("rb") as source, path.open("wb") as out:
        write_archive("tar.gz", source, out)


def push(files: list[TreeFile], folder: Path) -> None:
    remote = fresh_remote(folder / "ours.git")
    details = CommitDetails(Signature("Bench", "bench@localhost", datetime(2026, 1, 1, tzinfo=UTC)), "e", "sha256:0")
    asyncio.run(push_tree(files, details, GitTarget(remote.as_uri())))


def git(tree: Path, folder: Path) -> None:
    remote = fresh_remote(folder / "theirs.git")
    shutil.rmtree(tree / ".git", ignore_errors=True)
    command(tree, "git", "init", "-q", "-b", "main")
    command(tree, "git", "add", ".")
    command(tree, "git", "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "-qm", "all")
    command(tree, "git", "push", "-q", str(remote), "main")


def fresh_remote(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    return path


def command(folder: Path, *arguments: str) -> None:
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
