"""Merges of small trees in a repository of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from subprocess import run

from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.listings import Blob, list_tree, store_blobs
from repomill.publishing.merging.conflicts import Conflict
from repomill.publishing.merging.policy import MergePolicy, MergeRule
from repomill.publishing.merging.three_way import Side, ThreeTrees, merge_trees
from repomill.publishing.tree_commits import NewCommit, make_commits, tree_of
from repomill.trees.tree import TreeFile
from tests.integration.publishing.exports import Texts, files
from tests.servers.git_http import GIT


@dataclass(frozen=True)
class MergedTexts:
    texts: Mapping[str, str]
    blobs: Mapping[str, Blob]
    conflicts: Sequence[Conflict]

    def outcome(self, path: str) -> str:
        """Return what became of the conflict at a path; "" without one."""
        return next((conflict.outcome.value for conflict in self.conflicts if conflict.path == path), "")


async def merged(
    base: Texts, ours: Texts, theirs: Texts | Sequence[TreeFile], rules: Sequence[MergeRule] = ()
) -> MergedTexts:
    async with temporary_repository(child_environment(), 60) as git:
        sides = [await store_blobs(git, files(texts)) for texts in (base, ours)]
        there = await store_blobs(git, files(theirs) if isinstance(theirs, Mapping) else theirs)
        (commit,) = await make_commits(git, [NewCommit("refs/repomill/theirs", None, there)])
        trees = ThreeTrees(sides[0], sides[1], Side(await tree_of(git, commit), there))
        result = await merge_trees(git, trees, MergePolicy(rules), _nothing_is_missing)
        blobs = await list_tree(git, result.tree)
        return MergedTexts(_texts(git, blobs), blobs, result.conflicts)


async def _nothing_is_missing(blobs: Sequence[str]) -> None:
    raise AssertionError(f"asked for {blobs}")


def _texts(git: Git, blobs: Mapping[str, Blob]) -> dict[str, str]:
    """Read all contents in one process, as bytes: each follows a line with its size."""
    feed = "".join(f"{blob.id}\n" for blob in blobs.values()).encode()
    command, environment = ["git", "cat-file", "--batch=%(objectsize)"], GIT | {"GIT_DIR": str(git.folder)}
    printed = BytesIO(run(command, env=environment, input=feed, check=True, stdout=-1).stdout)
    return {path: printed.read(int(printed.readline() or b"0") + 1)[:-1].decode("utf-8", "replace") for path in blobs}
