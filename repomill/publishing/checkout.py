"""Writes a project into a folder, with a Git repository of its history around it; all or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from repomill.errors import CheckoutChanged, DestinationExists
from repomill.publishing import _own_repository as own
from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing._links import clone_by_links
from repomill.publishing._staging import Staging, clear_up, staging
from repomill.publishing.commits import FoundCommit
from repomill.publishing.git_commit import IMPORT_REF
from repomill.publishing.history import Generation, Tip, Written, commit_generations
from repomill.publishing.targets import DEFAULT_BRANCH

KEPT_BRANCH = "before-checkout-{}"


async def check_out_history(generations: Sequence[Generation], folder: Path, *, force: bool = False) -> Written:
    """Check the last of a project's generations out, with one commit for each of them on `main`.

    The folder is new, empty, or a checkout of the same project, which is brought up to date; what a person added to
    it stays. It is at any moment as it was before or as it is to be. A commit has the id that `push_tree` gives the
    same tree and details on the same parent.

    With `force`, files that a person changed are overwritten. Commits never get lost: `Written.kept` names the
    branches that hold what is no longer on `main`.

    Raises:
        DestinationExists: the folder holds something else, or is a file.
        CheckoutChanged: a person changed files, or committed, and `force` is not set.
        ArtifactMissing: the tree asked for is gone.
        GitFailed, GitMissing: Git itself does not work here.
    """
    folder, empty = _destination(folder)
    if empty:
        return await _create(generations, folder)
    ours = await own.our_commits(folder, generations[-1].details)
    if not ours:
        raise DestinationExists(str(folder))
    with staging(folder) as place:
        return await _update(generations, place, ours, force=force)


def _destination(folder: Path) -> tuple[Path, bool]:
    """Return the folder's absolute path, and whether nothing is there yet."""
    folder = folder.absolute()
    clear_up(folder)
    if folder.is_symlink() or folder.is_file():
        raise DestinationExists(str(folder))
    return folder, not folder.is_dir() or not any(folder.iterdir())


async def _create(generations: Sequence[Generation], folder: Path) -> Written:
    with staging(folder) as place:
        place.tree.mkdir()
        git = Git(place.tree, child_environment())
        await git.must("init", "--quiet", "--template=", f"--initial-branch={DEFAULT_BRANCH}")
        written = await commit_generations(git, generations, ref=own.MAIN)
        await git.must("read-tree", "--reset", "-u", written.commit)
        place.move_in()
    return written


async def _update(
    generations: Sequence[Generation], place: Staging, ours: Sequence[FoundCommit], *, force: bool
) -> Written:
    before = await own.tips(own.repository(place.folder))
    clone_by_links(place.folder, place.tree)
    git = own.repository(place.tree)
    written = await _advance(git, generations, ours)
    written = replace(written, kept=await _keep(git, written.commit))
    await git.must("checkout", "--quiet", "--force", "--no-track", "-B", DEFAULT_BRANCH, written.commit, "--")
    # Asked last, so that hardly any time is left in which a person could change something unseen.
    changes = [] if force else await own.changes(place.folder, written.commit, place.tree / ".git" / "objects")
    if not changes and await own.tips(own.repository(place.folder)) != before:
        changes = ["branches, at this moment"]
    if changes:
        raise CheckoutChanged(str(place.folder), tuple(changes))
    place.swap_in()
    return written


async def _advance(git: Git, generations: Sequence[Generation], ours: Sequence[FoundCommit]) -> Written:
    """Commit the generations after the newest that is there; none when the one asked for is there itself."""
    places = {_identity(generation): number for number, generation in enumerate(generations, 1)}
    known = (commit for commit in ours if (commit.execution_id, commit.tree_digest) in places)
    newest = next(known, None)
    if newest is None:  # made before any generation that is still known: as a push would, add the one asked for
        return await commit_generations(git, generations[-1:], Tip(ours[0].sha, ours[0].tree_digest))
    following = generations[places[newest.execution_id, newest.tree_digest] :]
    return await commit_generations(git, following, Tip(newest.sha, newest.tree_digest))


def _identity(generation: Generation) -> tuple[str, str]:
    return generation.details.execution_id, generation.details.tree_digest


async def _keep(git: Git, commit: str) -> tuple[str, ...]:
    """Give a branch to each of HEAD and `main` whose commits would be on none once `main` is at `commit`."""
    at = await own.tips(git)
    await git.must("update-ref", "-d", IMPORT_REF)
    free = (name for name in map(KEPT_BRANCH.format, count(1)) if f"refs/heads/{name}" not in at)
    kept: list[str] = []
    for tip in dict.fromkeys(at[ref] for ref in ("HEAD", own.MAIN) if ref in at):
        others = (f"--exclude={DEFAULT_BRANCH}", "--branches")
        if await git.must("rev-list", "--max-count=1", tip, "--not", commit, *others, "--"):
            kept.append(next(free))
            await git.must("branch", "--no-track", kept[-1], tip)
    return tuple(kept)
