"""What every host of repositories can be asked; each method is one step that can be repeated after a crash."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr

from repomill.publishing.credentials import GitCredentials


class Visibility(StrEnum):
    """Who can read a repository, from fewest to most."""

    PRIVATE = "private"
    INTERNAL = "internal"
    PUBLIC = "public"

    @property
    def openness(self) -> int:
        return list(Visibility).index(self)


class Feature(StrEnum):
    """What not every kind of host has."""

    CREATION = "creation of repositories"
    TOPICS = "topics"
    REQUESTS = "pull or merge requests"
    PROTECTION = "branch protection"
    LICENCES = "licence texts"


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """Where a repository is on its host: `OWNER/NAME`, or with groups in between. For plain Git, the URL."""

    path: str

    @property
    def owner(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """How a repository is made. Topics are what the host accepts; `marker` is one more of them."""

    marker: str
    description: str = ""
    topics: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PRIVATE
    default_branch: str = "main"

    @property
    def all_topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.topics, self.marker)))


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as its host describes it; `key` is what the host's API calls it. `visibility` None: it has none."""

    key: str
    path: str
    web_url: str
    clone_url: str
    default_branch: str
    visibility: Visibility | None = None
    topics: frozenset[str] = frozenset()
    archived: bool = False


@dataclass(frozen=True, slots=True)
class RequestContent:
    """A pull or merge request as it is to be: `head` and `base` are branches of one repository.

    Reviewers are user names; `draft` counts only when the request is made.
    """

    head: str
    base: str
    title: str
    body: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """An open pull or merge request."""

    number: int
    url: str
    head: str
    base: str
    title: str
    body: str
    draft: bool
    labels: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()

    def with_more(self, content: RequestContent) -> "ChangeRequest":
        """Return the request after labels and reviewers were added."""
        return replace(self, labels=self.labels | {*content.labels}, reviewers=self.reviewers | {*content.reviewers})

    def lacks(self, wanted: RequestContent) -> RequestContent | None:
        """Return what has to be written to it, with labels and reviewers to be added; None when it is as wanted."""
        labels = tuple(label for label in wanted.labels if label not in self.labels)
        reviewers = tuple(reviewer for reviewer in wanted.reviewers if reviewer not in self.reviewers)
        same = (self.title, self.body, self.base) == (wanted.title, wanted.body, wanted.base)
        return None if same and not labels and not reviewers else replace(wanted, labels=labels, reviewers=reviewers)


@dataclass(frozen=True, slots=True)
class Protection:
    """Rules for a branch: nobody forces a push; `approvals` reviews before a request may be merged."""

    approvals: int = 1


@dataclass(frozen=True, slots=True)
class Needs:
    """What an export is about to do, for a look at the token's scopes before anything is done.

    `workflows`: the tree holds files that some hosts guard with a scope of their own (.github/workflows).
    """

    visibility: Visibility = Visibility.PRIVATE
    create: bool = False
    requests: bool = False
    protection: bool = False
    workflows: bool = False
    delete: bool = False


@dataclass(frozen=True, slots=True)
class AppLogin:
    """An installation of a GitHub App, which gets tokens of an hour by signing with its key (PEM)."""

    app_id: str
    installation_id: int
    private_key: SecretStr = field(repr=False)


@dataclass(frozen=True, slots=True)
class HostLogin:
    """How to get at a host: the API's address ("" is the vendor's own service), a token, or a GitHub App."""

    url: str = ""
    token: SecretStr | None = None
    app: AppLogin | None = None
    username: str = ""
    timeout: float = 30.0

    def secrets(self) -> tuple[SecretStr, ...]:
        """Return what nobody may see: no error holds it, and no file that is exported."""
        return tuple(filter(None, (self.token, self.app.private_key if self.app else None)))


class RepositoryHost(Protocol):
    """Port: a host. The number of API calls of a method does not depend on what is in the repository.

    Every method raises `HostAccessDenied`, `HostRefused` (a person must act), `HostRateLimited` and `HostUnavailable`
    (repeat after `delay`), and `HostCannot` for a feature that is not in `features`. No error holds the token.
    """

    kind: str
    label: str
    features: Collection[Feature]

    async def check_access(self, needs: Needs) -> None:
        """Check that the token is valid and has the scopes; raises `TokenScopeMissing`."""

    async def git_credentials(self) -> GitCredentials | None:
        """Return what Git needs for clone URLs of this host."""

    async def find(self, address: RepositoryAddress) -> Repository | None:
        """Describe a repository; None when there is none that the token can see."""

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        """Make an empty repository with its marker; raises `RepositoryNameTaken`."""

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        """Make these the topics."""

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        """Make a branch that exists the default one."""

    async def delete(self, repository: Repository) -> None:
        """Remove a repository; one that is gone already is no error."""

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        """Protect a branch that has no protection yet; False when it has, which is left as it is."""

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        """Return the open requests from a branch, oldest first."""

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        """Open a request."""

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        """Set title, body and base; add labels and reviewers."""

    async def licence_text(self, key: str) -> str:
        """Return the text of a licence by its SPDX key, as the host offers it."""

    async def close(self) -> None:
        """Let connections go."""
