"""A commit of 10,000 files, pushed into an empty repository, against Git's own commands."""

import asyncio
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import pair
from benchmarks.trees import command, make_files, write
from repomill.publishing.commits import CommitDetails, Signature
from repomill.publishing.git_push import push_tree
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile


def main() -> None:
    files = make_files()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(files, folder / "tree")
        pushed = pair(lambda: push(files, folder), lambda: git(folder / "tree", folder), 5)
    print(pushed.line("commit and push", "git add, commit, push"))


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
