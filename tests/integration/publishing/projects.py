"""Small projects to publish, and a look at what arrived."""

from datetime import UTC, datetime
from pathlib import Path

from repomill.publishing.commits import CommitDetails, Signature
from repomill.trees.tree import Manifest, TreeFile
from tests.servers.git_http import git

SIGNATURE = Signature("Repomill", "repomill@localhost", datetime(2026, 11, 20, 12, 30, tzinfo=UTC))

FILES = (
    TreeFile("README.md", b"# Shop\n"),
    TreeFile("bin/run", b"#!/bin/sh\nexit 0\n", "100755"),
    TreeFile('docs/a "quoted" \\ näme.md', b"no newline at the end"),
    TreeFile("src/empty.py", b""),
    TreeFile("src/crlf.txt", b"one\r\ntwo\r\n"),
    TreeFile("src/logo.png", bytes(range(256))),
)
OTHER_FILES = (TreeFile("README.md", b"# Shop, again\n"),)


def details(
    files: tuple[TreeFile, ...] = FILES,
    execution: str = "0197-1",
    project: str = "shop",
    message: str = "Generate shop",
) -> CommitDetails:
    return CommitDetails(SIGNATURE, execution, Manifest.of(files).digest, project, message)


def files_at(repository: str, revision: str) -> dict[str, tuple[str, str]]:
    """Return mode and blob id by path, as the repository has them."""
    listed = (
        git("-C", repository, "-c", "core.quotePath=false", "ls-tree", "-r", "-z", revision).rstrip("\0").split("\0")
    )
    rows = [row.split("\t") for row in listed]
    return {path: (facts.split()[0], facts.split()[2]) for facts, path in rows}


def content_at(repository: str, revision: str, path: str) -> bytes:
    return git("-C", repository, "show", f"{revision}:{path}").encode()


def count_commits(repository: Path, branch: str = "main") -> int:
    return int(git("-C", str(repository), "rev-list", "--count", branch))


def commit_by_a_person(repository: Path, branch: str = "main", *, amend: bool = False) -> str:
    """Add a commit to a bare repository's branch, or amend the last one, as somebody else would; return its id."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-C", str(repository)]
    before = git("-C", str(repository), "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
    tree = git("-C", str(repository), "mktree", "--missing") if not before else f"{before}^{{tree}}"
    message = git("-C", str(repository), "show", "-s", "--format=%B", before) if amend else "By hand"
    parents = ["-p", before] if before and not amend else []
    commit = git(*who, "commit-tree", tree, *parents, "-m", message)
    git("-C", str(repository), "update-ref", f"refs/heads/{branch}", commit)
    return commit
