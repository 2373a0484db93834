"""A folder that an earlier checkout made, or a clone of what was pushed: what is Repomill's in it, and what is not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing.commits import CommitDetails, FoundCommit
from repomill.publishing.targets import DEFAULT_BRANCH

MAIN = f"refs/heads/{DEFAULT_BRANCH}"


def repository(folder: Path) -> Git:
    """Return Git for this folder's own repository, never for one that the folder lies in."""
    places = {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder), "GIT_OPTIONAL_LOCKS": "0"}
    return Git(folder, {**child_environment(), **places})


async def our_commits(folder: Path, details: CommitDetails) -> Sequence[FoundCommit]:
    """Return the commits of the project on `main`, newest first; none when the folder is no checkout of it."""
    if not (folder / ".git").is_dir() or (folder / ".git").is_symlink():
        return []
    listed = await repository(folder).run("rev-list", "--first-parent", "--header", MAIN, "--")
    if listed.status:
        return []
    found = (_parse(record) for record in listed.stdout.split("\0") if record.strip())
    return [commit for commit in found if commit.belongs_to(details)]


async def tips(git: Git) -> Mapping[str, str]:
    """Return the commit of each ref, and of HEAD unless it has none yet."""
    rows = (await git.run("show-ref", "--head")).stdout.splitlines()
    return {ref: commit for commit, _, ref in (row.partition(" ") for row in rows)}


async def changes(folder: Path, commit: str, objects: Path) -> list[str]:
    """Name all that checking a commit out would take away: files a person changed or added, commits off `main`.

    `objects` is a folder with the commit's objects, which the folder's own repository may lack.
    """
    git = repository(folder)
    git = replace(git, environment={**git.environment, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)})
    at = await tips(git)
    ours = [tip for ref, tip in at.items() if ref in {"HEAD", MAIN}]
    commits = (await git.must("log", "--format=commit %h %s", *ours, f"^{commit}", "--")).splitlines()
    status = await _records(git, "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")
    added = await _records(git, "diff-index", "--cached", "--name-only", "--diff-filter=D", "-z", commit, "--")
    untracked = await _records(git, "ls-files", "--others", "-z")
    return [*commits, *(record[3:] for record in status), *in_the_way(untracked, added)]


def in_the_way(untracked: Iterable[str], added: Iterable[str]) -> list[str]:
    """Return the untracked files that stand where a file or a folder is to be, or below a file that is to be."""
    files = set(added)
    folders = {str(parent) for file in files for parent in PurePosixPath(file).parents}
    return [path for path in untracked if _clashes(PurePosixPath(path), files, folders)]


def _clashes(path: PurePosixPath, files: set[str], folders: set[str]) -> bool:
    return str(path) in files or str(path) in folders or any(str(parent) in files for parent in path.parents)


async def _records(git: Git, *arguments: str) -> list[str]:
    printed = await git.output(*arguments)
    return [record for record in printed.split("\0") if record]


def _parse(record: str) -> FoundCommit:
    sha, _, raw = record.lstrip("\n").partition("\n")
    # `--header` indents the message.
    return FoundCommit.parse(sha, "\n".join(line.removeprefix("    ") for line in raw.splitlines()))
