"""A three-way merge of trees in a repository without a work tree, done by `git merge-tree`.

Git 2.39 takes no base: it finds the base in the history. So the three trees become three commits, of which two have the
first as parent. Contents are needed only where all three differ, or where a file came or went and may have been moved.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from repomill.errors import GitFailed
from repomill.publishing._command import Git
from repomill.publishing.listings import SUBMODULE, Listing, differing, missing_blobs
from repomill.publishing.merging._merge_tree import parse_merge_output
from repomill.publishing.merging._resolutions import resolve
from repomill.publishing.merging.conflicts import Conflict
from repomill.publishing.merging.policy import MergePolicy
from repomill.publishing.tree_commits import NewCommit, edits_between, make_commits, tree_of

# Git writes these names into the markers.
OURS_LABEL: Final = "generated"
THEIRS_LABEL: Final = "repository"

_BASE_REF: Final = "refs/repomill/base"
_RESULT_REF: Final = "refs/repomill/merged"

# A folder that a person moved takes the files that are generated into it along. Formats that can look like text.
_CONFIGURATION: Final = "[merge]\n\trenames = true\n\tdirectoryRenames = true\n\tconflictStyle = merge\n"
_ATTRIBUTES: Final = "".join(f"*.{ending} binary\n" for ending in ("pdf", "ps", "eps", "ai", "rtf"))

Bring = Callable[[Sequence[str]], Awaitable[None]]
"""Gets the blobs of these ids into the repository."""


@dataclass(frozen=True, slots=True)
class Side:
    """A tree that is in the repository: its id, and its files."""

    tree: str
    files: Listing


@dataclass(frozen=True, slots=True)
class ThreeTrees:
    """What is merged: what changed from `base` to `ours` goes into `theirs`."""

    base: Listing
    ours: Listing
    theirs: Side


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged tree's id, and where the two sides disagreed."""

    tree: str
    conflicts: tuple[Conflict, ...] = ()


async def merge_trees(git: Git, trees: ThreeTrees, policy: MergePolicy, bring: Bring) -> Merged:
    """Merge three trees by the rules of a policy.

    `git` works in a bare repository that is its own. Blobs of base and ours that theirs does not have are in it;
    `bring` is asked once at most, for those of the remote that are needed.

    Raises:
        GitFailed: Git itself does not work here.
    """
    theirs = trees.theirs
    base, ours = policy.settle(trees.base, trees.ours, theirs.files)
    if base == ours:
        return Merged(theirs.tree)
    lacking = await missing_blobs(git, _needed(base, ours, theirs.files))
    if lacking:
        await bring(lacking)
    _configure(git)
    await make_commits(
        git,
        [
            NewCommit(_BASE_REF, theirs.tree, edits_between(theirs.files, base)),
            NewCommit(f"refs/heads/{OURS_LABEL}", theirs.tree, edits_between(theirs.files, ours), [":1"]),
            NewCommit(f"refs/heads/{THEIRS_LABEL}", theirs.tree, {}, [":1"]),
        ],
    )
    return await _merge(git)


async def _merge(git: Git) -> Merged:
    ended = await git.run("merge-tree", "--write-tree", "-z", "--messages", OURS_LABEL, THEIRS_LABEL)
    if ended.status not in {0, 1}:  # 1 is a merge with conflicts
        raise GitFailed(ended.stderr.strip() or f"`git merge-tree` ended with {ended.status}.")
    output = parse_merge_output(ended.stdout)
    edits, conflicts = resolve(output, OURS_LABEL)
    if not edits:
        return Merged(output.tree, conflicts)
    (commit,) = await make_commits(git, [NewCommit(_RESULT_REF, output.tree, edits)])
    return Merged(await tree_of(git, commit), conflicts)


def _needed(base: Listing, ours: Listing, theirs: Listing) -> set[str]:
    needed: set[str] = set()
    for path in {*differing(base, ours), *differing(base, theirs), *differing(ours, theirs)}:
        sides = (base.get(path), ours.get(path), theirs.get(path))
        written = {side for side in sides[:2] if side and side != sides[2]}
        all_read = None in sides or len({side.id for side in sides if side}) == 3
        read = {side for side in sides if side} if all_read else written
        needed |= {side.id for side in read if side.mode != SUBMODULE}
    return needed


def _configure(git: Git) -> None:
    with (git.folder / "config").open("a", encoding="utf-8") as file:
        file.write(_CONFIGURATION)
    (git.folder / "info").mkdir(exist_ok=True)
    (git.folder / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")
