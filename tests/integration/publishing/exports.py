"""Stored trees to export, and people who change what was exported."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import run

from repomill.publishing.planning.export import Export, StoredTree
from repomill.publishing.planning.plan import ExportMode
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import Manifest, TreeFile
from tests.servers.git_http import GIT, git

Texts = Mapping[str, str | bytes]
ADA = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
ADA |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in ADA.items()}


def files(texts: Texts) -> tuple[TreeFile, ...]:
    return tuple(TreeFile(path, text.encode() if isinstance(text, str) else text) for path, text in texts.items())


def stored(texts: Texts) -> StoredTree:
    content = files(texts)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Iterable[TreeFile]]:
        yield iter(content)

    return StoredTree(Manifest.of(content).digest, opened)


def lines(name: str, count: int = 12) -> str:
    return "".join(f"{name} {number}\n" for number in range(count))


def merging(url: str, base: Texts, ours: Texts, branch: str = "main") -> Export:
    """Export `ours` over what was made of `base`."""
    return Export(stored(ours), GitTarget(url, branch), ExportMode.MERGE, stored(base))


def edit_by_hand(repository: Path, edits: Mapping[str, str | bytes | None], branch: str = "main") -> str:
    """Commit changes of a person on top of a branch of a bare repository; None removes a path. Return the commit."""
    index = {"GIT_INDEX_FILE": str(repository / "by-hand"), "GIT_DIR": str(repository)}
    before = git("-C", str(repository), "rev-parse", branch)
    run(["git", "read-tree", before], env=GIT | index, check=True)
    for path, text in edits.items():
        content = text.encode() if isinstance(text, str) else text
        line = f"0 {'0' * 40}\t{path}"
        if content is not None:
            stored_blob = ["git", "hash-object", "-w", "--stdin"]
            blob = run(stored_blob, env=GIT | index, input=content, check=True, stdout=-1).stdout.decode().strip()
            line = f"100644 {blob}\t{path}"
        run(["git", "update-index", "--index-info"], env=GIT | index, input=line.encode(), check=True)
    tree = run(["git", "write-tree"], env=GIT | index, check=True, stdout=-1, text=True).stdout.strip()
    commit = ["git", "commit-tree", tree, "-p", before, "-m", "By hand"]
    made = run(commit, env=GIT | index | ADA, check=True, stdout=-1, text=True).stdout.strip()
    git("-C", str(repository), "update-ref", f"refs/heads/{branch}", made)
    return made


def texts_at(repository: Path, revision: str = "main") -> dict[str, str]:
    """Return the text of every file of a revision."""
    paths = git("-C", str(repository), "ls-tree", "-r", "-z", "--name-only", revision).rstrip("\0").split("\0")
    return {path: _show(repository, f"{revision}:{path}") for path in paths if path}


def _show(repository: Path, what: str) -> str:
    shown = run(["git", "-C", str(repository), "show", what], env=GIT, check=True, stdout=-1).stdout
    return shown.decode("utf-8", "replace")
