"""What is wanted of an export to a host, and what came of it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from repomill.publishing._command import DEFAULT_TIMEOUT
from repomill.publishing.commits import CommitDetails
from repomill.publishing.hosts.markers import marker_topic
from repomill.publishing.hosts.port import RepositoryAddress, RepositorySettings
from repomill.publishing.options import ExportOptions
from repomill.publishing.planning.export import StoredTree

_NOT_IN_BRANCHES = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class HostWish:
    """A tree and the repository that is to hold it.

    `stored` finds a tree of an earlier export by its digest, None where it is no longer stored. `workflows`: the tree
    holds files that hosts guard with a scope of their own. `timeout` is in seconds and for each Git command.
    """

    address: RepositoryAddress
    branch: str
    tree: StoredTree
    details: CommitDetails
    options: ExportOptions
    stored: Callable[[str], Awaitable[StoredTree | None]]
    workflows: bool = False
    timeout: float = DEFAULT_TIMEOUT

    @property
    def project(self) -> str:
        return self.details.project

    @property
    def rolling_branch(self) -> str:
        """The branch on which changes wait for a person; one for each project."""
        return f"repomill/{_NOT_IN_BRANCHES.sub('-', self.project.lower()).strip('-') or 'project'}"

    def settings(self) -> RepositorySettings:
        """Return how the repository is to be made."""
        told = self.options
        return RepositorySettings(
            marker=marker_topic(self.project),
            description=told.description,
            topics=told.topics,
            visibility=told.visibility,
            default_branch=self.branch,
        )


@dataclass(frozen=True, slots=True)
class HostExported:
    """Where the tree is now; `request` is the address of the request that asks for it, "" without one."""

    web_url: str
    clone_url: str
    branch: str
    commit: str
    created: bool
    unchanged: bool
    request: str = ""
    conflicts: tuple[str, ...] = ()
