"""Publishes a tree as one commit on a branch of a Git remote: once, wherever an earlier try crashed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from repomill.errors import RemoteMoved
from repomill.publishing._command import DEFAULT_TIMEOUT
from repomill.publishing._environment import child_environment
from repomill.publishing.commits import CommitDetails, FoundCommit
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.git_commit import create_commit, temporary_repository
from repomill.publishing.git_remote import NO_COMMIT, GitRemote
from repomill.publishing.git_urls import check_branch, check_remote_url
from repomill.publishing.journal import Journal, MemoryJournal, Step
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where the tree is now. `created`: the branch is new. `unchanged`: it held this tree already, nothing was sent."""

    url: str
    branch: str
    commit: str
    created: bool
    unchanged: bool


@dataclass(frozen=True, slots=True)
class GitAccess:
    """How to get at a remote: `timeout` is in seconds and for each Git command."""

    credentials: GitCredentials | None = None
    timeout: float = DEFAULT_TIMEOUT


ANONYMOUS = GitAccess()


async def push_tree(
    files: Iterable[TreeFile],
    details: CommitDetails,
    target: GitTarget,
    access: GitAccess = ANONYMOUS,
    journal: Journal | None = None,
) -> Pushed:
    """Make the branch hold exactly `files`, on top of what Repomill put there before.

    `details` and `journal` must be those of the first try when an export is repeated; `files` is read only when a
    commit has to be made. Cancelling ends Git too.

    Raises:
        RemoteMoved: commits of somebody else are on the branch, or came while this one was made.
        RemoteRefused: authentication, permission, a hook, or no such repository.
        RemoteUnavailable: the remote cannot be reached; repeat later.
        GitFailed, GitMissing: Git itself does not work here.
        RemoteUrlInvalid, BranchNameInvalid: Git must not be given this target.
    """
    journal = journal or MemoryJournal()
    target = GitTarget(check_remote_url(target.url), check_branch(target.branch))
    noted = await journal.done(Step.PUSH)
    if noted:
        return Pushed(
            target.url, target.branch, noted["commit"], noted["created"] == "yes", noted["unchanged"] == "yes"
        )
    environment = child_environment(target.url, access.credentials)
    async with temporary_repository(environment, access.timeout) as git:
        remote = GitRemote(git, target.url, access.credentials)
        pushed = await _Push(files, details, target, remote, journal).run()
    await journal.note(
        Step.PUSH,
        {"commit": pushed.commit, "created": _yes(pushed.created), "unchanged": _yes(pushed.unchanged)},
    )
    return pushed


@dataclass(frozen=True, slots=True)
class _Push:
    files: Iterable[TreeFile]
    details: CommitDetails
    target: GitTarget
    remote: GitRemote
    journal: Journal

    async def run(self) -> Pushed:
        head = await self.remote.head(self.target.branch)
        if head is None:
            return await self._advance(None)
        noted = await self.journal.done(Step.COMMIT) or {"commit": "", "parent": ""}
        # An earlier try ended between the push and its note; since then somebody may have gone on from there.
        if noted["commit"] == head:
            return self._pushed(head, created=not noted["parent"])
        found = await self.remote.fetch_head(self.target.branch)
        if noted["commit"] in found.parents:
            return self._pushed(noted["commit"], created=not noted["parent"])
        return await self._follow(found)

    async def _follow(self, found: FoundCommit) -> Pushed:
        if not found.belongs_to(self.details):
            raise RemoteMoved(self.target.url, self.target.branch, "a commit of this project", found.sha)
        if found.tree_digest == self.details.tree_digest:
            return self._pushed(found.sha, unchanged=True)
        return await self._advance(found.sha)

    async def _advance(self, parent: str | None) -> Pushed:
        commit = await create_commit(self.remote.git, self.files, self.details, parent)
        await self.journal.note(Step.COMMIT, {"commit": commit, "parent": parent or ""})
        try:
            await self.remote.push(commit, self.target.branch, parent)
        except RemoteMoved as moved:
            # Two tries of one export make the same commit; the slower one finds it there.
            found = await self.remote.head(self.target.branch)
            if found != commit:
                raise replace(moved, found=found or NO_COMMIT) from moved
        return self._pushed(commit, created=parent is None)

    def _pushed(self, commit: str, *, created: bool = False, unchanged: bool = False) -> Pushed:
        return Pushed(self.target.url, self.target.branch, commit, created, unchanged)


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
