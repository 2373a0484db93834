"""Exports, plans and merges of 10,000 files, against plain Git and against a bound in seconds."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import pair
from benchmarks.trees import FILES, command, write
from repomill.publishing._environment import child_environment
from repomill.publishing.commits import CommitDetails, Signature
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_push import push_tree
from repomill.publishing.hosts.port import RepositoryAddress
from repomill.publishing.hosts.registry import host_kinds
from repomill.publishing.journal import MemoryJournal
from repomill.publishing.listings import list_tree, store_blobs
from repomill.publishing.merging.policy import MergePolicy
from repomill.publishing.merging.three_way import Side, ThreeTrees, merge_trees
from repomill.publishing.options import ExportOptions
from repomill.publishing.planning.apply_plan import apply_plan
from repomill.publishing.planning.drift import find_drift
from repomill.publishing.planning.export import Export, StoredTree
from repomill.publishing.planning.make_plan import make_plan
from repomill.publishing.planning.plan import ExportMode
from repomill.publishing.saga.host_export import export_to_host
from repomill.publishing.saga.wish import HostWish
from repomill.publishing.targets import GitTarget
from repomill.publishing.tree_commits import NewCommit, make_commits, tree_of
from repomill.trees.pack import pack_bytes, read_pack
from repomill.trees.tree import TreeFile
from tests.fakes.host_exports import PATH, Rig, host_rig
from tests.servers.git_http import git_http_server

EDITED, CHANGED, LINES, RUNS = 500, 20, 60, 3
WHO = ("-c", "user.name=b", "-c", "user.email=b@localhost")
DETAILS = CommitDetails(Signature("Bench", "bench@localhost", datetime(2026, 1, 1, tzinfo=UTC)), "e", "sha256:0", "b")


def main() -> None:
    base = make_files()
    print(f"{FILES} files, {sum(len(file.content) for file in base) / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        push(base, Path(name))
    with tempfile.TemporaryDirectory() as name:
        count_api_calls(base, Path(name))
    with tempfile.TemporaryDirectory() as name:
        merge(base, Path(name))
    with tempfile.TemporaryDirectory() as name:
        plan(base, Path(name))


def make_files() -> list[TreeFile]:
    return [
        TreeFile(f"src/p{number % 100}/m{number}.py", "".join(f"{number} {line}\n" for line in range(LINES)).encode())
        for number in range(FILES)
    ]


def edited(files: Sequence[TreeFile], numbers: Iterable[int], line: int) -> list[TreeFile]:
    changed = list(files)
    for number in numbers:
        lines = changed[number].content.split(b"\n")
        lines[line] = b"edited"
        changed[number] = replace(changed[number], content=b"\n".join(lines))
    return changed


def push(base: list[TreeFile], folder: Path) -> None:
    """Both push into empty repositories over HTTP on loopback; Git's working tree lies there already, and is warm."""
    (served := folder / "served").mkdir()
    write(base, folder / "tree")
    with git_http_server(served) as server:
        urls = (server.create(f"{number}.git") for number in range(4 * RUNS))
        told = pair(
            lambda: asyncio.run(push_tree(base, DETAILS, GitTarget(next(urls)))),
            lambda: plain_push(folder / "tree", next(urls)),
            RUNS,
        )
    print(told.line("export over HTTP", "git add, commit, push"))


def plain_push(tree: Path, url: str) -> None:
    shutil.rmtree(tree / ".git", ignore_errors=True)
    command(tree, "git", "init", "-q", "-b", "main")
    commit_all(tree)
    command(tree, "git", "push", "-q", url, "main")


def count_api_calls(base: list[TreeFile], folder: Path) -> None:
    """Ask a stand-in of GitHub how often it was asked, for few files and for all."""
    counts = []
    for number in (10, len(base)):
        with host_rig("github", folder / str(number)) as rig:
            asyncio.run(export_to_github(rig, base[:number]))
            counts.append(len(rig.server.api_calls))
    print(f"{'API calls of an export, 10 files and all':<44} {counts}")


async def export_to_github(rig: Rig, files: list[TreeFile]) -> None:
    host = host_kinds()[rig.kind].connect(rig.login)

    async def nothing_stored(_: str) -> None:
        return None

    wish = HostWish(RepositoryAddress(PATH), "main", stored(files), DETAILS, ExportOptions(), nothing_stored)
    await export_to_host(host, wish, MemoryJournal())
    await host.close()


def merge(base: list[TreeFile], folder: Path) -> None:
    """Both sides edit 500 files, half of them the same ones at other lines."""
    ours, theirs = edited(base, range(EDITED), 5), edited(base, range(EDITED // 2, EDITED + EDITED // 2), 50)
    work = folder / "work"
    work.mkdir()
    command(work, "git", "init", "-q", "-b", "base")
    commit(work, base)
    for branch, files in (("generated", ours), ("repository", theirs)):
        command(work, "git", "checkout", "-q", "-b", branch, "base")
        commit(work, files)
    trees = [command_tree(work, "generated", f"../t{number}") for number in range(RUNS + 1)]
    told = pair(lambda: asyncio.run(ours_merge(base, ours, theirs)), lambda: plain_merge(trees.pop()), RUNS)
    print(told.line("three-way merge, 3 trees given as files", "git merge"))
    trees = [command_tree(work, "generated", f"../u{number}") for number in range(RUNS + 1)]
    told = pair(lambda: asyncio.run(merge_commits(work / ".git")), lambda: plain_merge(trees.pop()), RUNS)
    print(told.line("three-way merge, the same commits", "git merge"))


def command_tree(work: Path, branch: str, place: str) -> Path:
    command(work, "git", "worktree", "add", "-q", "--detach", place, branch)
    return work / place


def commit(work: Path, files: list[TreeFile]) -> None:
    write(files, work)
    commit_all(work)


def commit_all(work: Path) -> None:
    command(work, "git", "add", ".")
    command(work, "git", *WHO, "commit", "-qm", "side")


def plain_merge(tree: Path) -> None:
    command(tree, "git", *WHO, "merge", "-q", "-m", "merge", "repository")


async def ours_merge(base: list[TreeFile], ours: list[TreeFile], theirs: list[TreeFile]) -> None:
    """Store what differs and merge; storing the remote's side stands for fetching it."""
    async with temporary_repository(child_environment(), 600) as git:
        there = await store_blobs(git, theirs)
        (made,) = await make_commits(git, [NewCommit("refs/repomill/theirs", None, there)])
        known = frozenset(blob.id for blob in there.values())
        sides = [await store_blobs(git, files, known) for files in (base, ours)]
        trees = ThreeTrees(sides[0], sides[1], Side(await tree_of(git, made), there))
        merged = await merge_trees(git, trees, MergePolicy(), nothing_missing)
        assert not merged.conflicts


async def merge_commits(repository: Path) -> None:
    environment = {**child_environment(), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repository / "objects")}
    async with temporary_repository(environment, 600) as git:
        heads = [git_head(repository, branch) for branch in ("base", "generated", "repository")]
        base, ours, theirs = [await list_tree(git, head) for head in heads]
        side = Side(await tree_of(git, heads[2]), theirs)
        merged = await merge_trees(git, ThreeTrees(base, ours, side), MergePolicy(), nothing_missing)
        assert not merged.conflicts


def git_head(repository: Path, branch: str) -> str:
    return subprocess.run(
        ["git", "-C", str(repository), "rev-parse", branch], check=True, capture_output=True, text=True
    ).stdout.strip()


async def nothing_missing(blobs: Sequence[str]) -> None:
    raise AssertionError(f"{len(blobs)} blobs are missing")


def plan(base: list[TreeFile], folder: Path) -> None:
    """A remote of 10,000 files over HTTP on loopback; the stored tree differs in 20."""
    with git_http_server(folder) as server:
        target = GitTarget(server.create("bench.git"))
        first = Export(stored(base), target)
        seconds("first export, plan and apply", lambda: asyncio.run(export(first)))
        changed = Export(stored(edited(base, range(CHANGED), 5)), target)
        server.sent = 0
        seconds("plan with 20 changes (bound: 3 s)", lambda: asyncio.run(make_plan(changed)))
        print(f"{'  sent by the server':<44} {server.sent / 1e6:7.2f} MB")
        merging = replace(changed, mode=ExportMode.MERGE, base=first.tree)
        seconds("plan of a merge with 20 changes", lambda: asyncio.run(make_plan(merging)))
        seconds("drift", lambda: asyncio.run(find_drift(first)))


async def export(what: Export) -> None:
    await apply_plan(await make_plan(what), what, DETAILS)


def seconds(what: str, function: Callable[[], object]) -> None:
    started = time.perf_counter()
    function()
    print(f"{what:<44} {time.perf_counter() - started:7.3f} s")


def stored(files: list[TreeFile]) -> StoredTree:
    content, pack = pack_bytes(files)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterable[TreeFile]]:
        from io import BytesIO

        yield read_pack(BytesIO(content))

    return StoredTree(pack.manifest.digest, opened)
