"""The history of a project: one commit for each of its generations, as pushing them one after the other makes it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from repomill.errors import ArtifactMissing
from repomill.publishing._command import Git
from repomill.publishing.commits import CommitDetails
from repomill.publishing.git_commit import IMPORT_REF, create_commit
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class Generation:
    """A tree that was generated; `opened` raises `ArtifactMissing` when the tree is no longer stored."""

    details: CommitDetails
    opened: Callable[[], AbstractAsyncContextManager[Iterable[TreeFile]]]


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a branch is: its last commit, and the digest of the tree in it."""

    commit: str
    tree_digest: str


@dataclass(frozen=True, slots=True)
class Written:
    """The last commit of a history.

    `skipped` are generations that are not in it, because their trees are gone. `kept` are branches that were made for
    commits which are no longer on `main`.
    """

    commit: str
    skipped: tuple[CommitDetails, ...] = ()
    kept: tuple[str, ...] = ()


async def commit_generations(
    git: Git, generations: Sequence[Generation], onto: Tip | None = None, ref: str = IMPORT_REF
) -> Written:
    """Commit generations, oldest first, and point `ref` at the last commit; a tree like the one before makes none.

    One tree is open at a time. There is one `git fast-import` for each: a tree is fetched between two of them.

    Raises:
        ArtifactMissing: the last tree is gone; earlier ones are skipped.
        GitFailed, GitMissing: Git itself does not work here.
    """
    tip, skipped = onto, []
    for generation in generations:
        try:
            tip = await _commit(git, generation, tip, ref)
        except ArtifactMissing:
            if generation is generations[-1]:
                raise
            skipped.append(generation.details)
    if tip is None:
        raise ValueError("a history has at least one generation")
    return Written(tip.commit, tuple(skipped))


async def _commit(git: Git, generation: Generation, tip: Tip | None, ref: str) -> Tip:
    details = generation.details
    if tip and tip.tree_digest == details.tree_digest:
        return tip
    async with generation.opened() as files:
        commit = await create_commit(git, files, details, tip.commit if tip else None, ref)
    return Tip(commit, details.tree_digest)
