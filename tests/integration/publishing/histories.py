"""Projects that were generated several times, to check out."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from repomill.errors import ArtifactMissing
from repomill.publishing.checkout import check_out_history
from repomill.publishing.commits import CommitDetails
from repomill.publishing.history import Generation
from repomill.trees.tree import TreeFile
from tests.integration.publishing.projects import SIGNATURE, details
from tests.servers.git_http import git

Files = tuple[TreeFile, ...]

FIRST: Files = (TreeFile("README.md", b"one\n"), TreeFile("old.txt", b"old\n"), TreeFile("run", b"#!\n", "100755"))
SECOND: Files = (TreeFile("README.md", b"two\n"), TreeFile("run", b"#!\n", "100755"), TreeFile("src/new.py", b"new\n"))
THIRD: Files = (TreeFile("README.md", b"three\n"), TreeFile("run", b"#!\n", "100755"))


def head(folder: Path, revision: str = "HEAD") -> str:
    return git("-C", str(folder), "rev-parse", revision)


def alone(folder: Path) -> bool:
    """Tell whether nothing was left beside a checkout."""
    return list(folder.parent.iterdir()) == [folder]


def dated(files: Files, number: int, project: str = "shop") -> CommitDetails:
    """Return what the commit of the generation of this number says; each comes an hour after the other."""
    at = SIGNATURE.at + timedelta(hours=number)
    return replace(details(files, f"execution-{number}", project), signature=replace(SIGNATURE, at=at))


def generation(files: Iterable[TreeFile], said: CommitDetails) -> Generation:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterable[TreeFile]]:
        yield files

    return Generation(said, opened)


def generations(*trees: Files, project: str = "shop") -> list[Generation]:
    return [generation(files, dated(files, number, project)) for number, files in enumerate(trees, 1)]


ONE = generations(FIRST)
TWO = generations(FIRST, SECOND)
THREE = generations(FIRST, SECOND, THIRD)


def gone(said: Generation) -> Generation:
    """Return the same generation with its tree no longer stored."""

    def opened() -> NoReturn:
        raise ArtifactMissing("pack")

    return replace(said, opened=opened)


async def write_tree(files: Iterable[TreeFile], folder: Path, said: CommitDetails) -> str:
    return (await check_out_history([generation(files, said)], folder)).commit


def in_folder(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of a checkout outside `.git`."""
    found = (path for path in folder.rglob("*") if path.is_file())
    paths = [path for path in found if path.relative_to(folder).parts[0] != ".git"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def contents(files: Files) -> dict[str, bytes]:
    return {file.path: file.content for file in files}


def subjects(folder: Path, revision: str = "main") -> list[str]:
    """Return what the commits of a branch say, newest first: the execution of ours, the subject of others."""
    trailer = "%(trailers:key=Repomill-Execution,valueonly,separator=)"
    rows = git("-C", str(folder), "log", f"--format={trailer}|%s", revision).splitlines()
    return [execution or subject for execution, _, subject in (row.partition("|") for row in rows)]


def is_sound(folder: Path) -> bool:
    """Tell whether Git finds neither a fault in the repository nor a difference to the work tree."""
    faults = git("-C", str(folder), "fsck", "--strict", "--full", "--no-progress", "--no-dangling")
    return not faults and not git("-C", str(folder), "status", "--porcelain", "--untracked-files=no")


def commit_in(folder: Path, message: str = "By hand") -> str:
    """Commit all that a person did in a checkout; return the commit."""
    git("-C", str(folder), "add", "--all")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    git("-C", str(folder), *who, "commit", "--quiet", "--allow-empty", "--message", message)
    return git("-C", str(folder), "rev-parse", "HEAD")
