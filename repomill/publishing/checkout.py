"""Writes a stored tree into a folder, with a Git repository of one commit around it; all or nothing."""

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from repomill.errors import DestinationExists
from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing.commits import CommitDetails
from repomill.publishing.git_commit import create_commit
from repomill.publishing.targets import DEFAULT_BRANCH
from repomill.trees.tree import TreeFile


async def write_tree(files: Iterable[TreeFile], folder: Path, details: CommitDetails) -> str:
    """Check the files out into a new or empty folder and return the id of the one commit on `main`.

    The commit has the id that `push_tree` gives the same files and details on a new branch.

    Raises:
        DestinationExists: the folder holds something, or is a file.
        GitFailed, GitMissing: Git itself does not work here.
    """
    with _staging(folder) as tree:
        commit = await _check_out(files, Git(tree, child_environment()), details)
        _move_into_place(tree, folder)
    return commit


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside the destination, so that the rename at the end stays on one file system."""
    folder = folder.absolute()
    if folder.is_symlink() or (folder.is_dir() and any(folder.iterdir())) or folder.is_file():
        raise DestinationExists(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent, ignore_cleanup_errors=True) as staging:
        # Made inside, because the outer one is readable by its owner only.
        tree = Path(staging) / "tree"
        tree.mkdir()
        yield tree


async def _check_out(files: Iterable[TreeFile], git: Git, details: CommitDetails) -> str:
    await git.must("init", "--quiet", "--template=", f"--initial-branch={DEFAULT_BRANCH}")
    commit = await create_commit(git, files, details, ref=f"refs/heads/{DEFAULT_BRANCH}")
    await git.must("read-tree", "--reset", "-u", commit)
    return commit


def _move_into_place(tree: Path, folder: Path) -> None:
    """Rename over nothing or an empty folder; the system refuses anything else that came there meanwhile."""
    try:
        tree.rename(folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise DestinationExists(str(folder)) from error
        raise
