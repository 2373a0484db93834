"""Commits built beside any work tree: `git fast-import` into a repository, nine times faster than through an index."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from repomill.publishing._command import Git
from repomill.publishing._fast_import import commit_stream
from repomill.publishing.commits import CommitDetails
from repomill.scratch import scratch_folder
from repomill.trees.tree import TreeFile

IMPORT_REF = "refs/repomill/commit"


@asynccontextmanager
async def temporary_repository(environment: Mapping[str, str], seconds: float) -> AsyncIterator[Git]:
    """Yield Git in an empty bare repository that is gone afterwards; each command may take `seconds`."""
    # A Git that was killed may still be writing while the folder goes.
    with scratch_folder() as folder:
        git = Git(folder, {**environment, "GIT_DIR": str(folder)}, seconds)
        await git.must("init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main")
        yield git


async def create_commit(
    git: Git, files: Iterable[TreeFile], details: CommitDetails, parent: str | None = None, ref: str = IMPORT_REF
) -> str:
    """Store the files as one commit whose tree is exactly theirs, point `ref` at it, and return its id.

    `files` may be an iterator: one file is held at a time. It is read in another thread.

    Raises:
        GitFailed: Git refused the stream or could not write.
    """
    return await git.must("fast-import", "--quiet", feed=commit_stream(files, details, ref, parent))
