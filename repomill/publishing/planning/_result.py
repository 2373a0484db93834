"""Works out the tree that an export would push, in a repository that holds only what is needed for that."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from repomill.publishing._environment import child_environment
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.git_urls import check_branch, check_remote_url
from repomill.publishing.listings import Blob, Listing, list_tree, missing_blobs, store_blobs
from repomill.publishing.merging.conflicts import Conflict
from repomill.publishing.merging.three_way import Side, ThreeTrees, merge_trees
from repomill.publishing.planning.export import Export, StoredTree
from repomill.publishing.planning.plan import ExportMode
from repomill.publishing.tree_commits import NewCommit, edits_between, make_commits, tree_of

_START_REF = "refs/repomill/start"
_RESULT_REF = "refs/repomill/result"


@dataclass(frozen=True, slots=True)
class Start:
    """What an export builds on: the branch it was read from, its commit, and where the target branch is itself."""

    branch: str
    head: str | None
    expected: str | None
    side: Side


@dataclass(frozen=True, slots=True)
class Result:
    """The tree to be pushed. `exact`: it is the generated one, to the byte."""

    tree: str
    conflicts: tuple[Conflict, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Workbench:
    """An export, the remote it goes to, and the repository in which it is worked out."""

    export: Export
    remote: GitRemote

    async def start(self) -> Start:
        """Find out what is there, without any contents."""
        target = self.export.target.branch
        expected = await self.remote.head(target)
        branch = target if expected or not self.export.start_branch else self.export.start_branch
        head = expected or (await self.remote.head(branch) if branch != target else None)
        if head is None:
            (empty,) = await make_commits(self.remote.git, [NewCommit(_START_REF, None, {})])
            return Start(branch, None, None, Side(await tree_of(self.remote.git, empty), {}))
        found = await self.remote.fetch_head(branch, "blob:none")
        tree = await tree_of(self.remote.git, found.sha)
        return Start(branch, found.sha, expected and found.sha, Side(tree, await list_tree(self.remote.git, tree)))

    async def result(self, start: Start) -> Result:
        """Replace or merge; blobs of the remote are fetched only where they are needed."""
        known = frozenset(blob.id for blob in start.side.files.values())
        ours = await self._store(self.export.tree, known)
        if self.export.mode is ExportMode.REPLACE or start.head is None:
            wanted = self.export.policy.replace(ours, start.side.files)
            return Result(await self._written(start, wanted), (), wanted == ours)
        base = await self._store(self.export.base, known) if self.export.base else {}
        git = self.remote.git

        async def bring(blobs: Sequence[str]) -> None:
            await self.remote.fetch_blobs(start.branch, blobs)

        merged = await merge_trees(git, ThreeTrees(base, ours, start.side), self.export.policy, bring)
        return Result(merged.tree, merged.conflicts, await list_tree(git, merged.tree) == ours)

    async def fetch_missing(self, start: Start, blobs: Sequence[str]) -> None:
        """Fetch those blobs of the branch that are not here yet."""
        lacking = await missing_blobs(self.remote.git, blobs)
        if lacking:
            await self.remote.fetch_blobs(start.branch, lacking)

    async def _store(self, tree: StoredTree, known: frozenset[str]) -> dict[str, Blob]:
        async with tree.opened() as files:
            return await store_blobs(self.remote.git, files, known)

    async def _written(self, start: Start, wanted: Listing) -> str:
        edits = edits_between(start.side.files, wanted)
        # A file that moved has contents that only the remote has, under another path.
        await self.fetch_missing(start, [blob.id for blob in edits.values() if blob])
        (commit,) = await make_commits(self.remote.git, [NewCommit(_RESULT_REF, start.side.tree, edits)])
        return await tree_of(self.remote.git, commit)


@asynccontextmanager
async def workbench(export: Export) -> AsyncIterator[Workbench]:
    """Open a repository for an export that is gone afterwards.

    Raises:
        RemoteUrlInvalid, BranchNameInvalid: Git must not be given this target.
    """
    url, access = check_remote_url(export.target.url), export.access
    for branch in filter(None, (export.target.branch, export.start_branch)):
        check_branch(branch)
    async with temporary_repository(child_environment(url, access.credentials), access.timeout) as git:
        yield Workbench(export, GitRemote(git, url, access.credentials))
