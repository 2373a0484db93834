"""The in-memory twin of a host: its repositories are real and on the disk, everything around them is in memory."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from repomill.errors import HostRefused, RepositoryNameTaken, TokenScopeMissing
from repomill.publishing._command import Git
from repomill.publishing._environment import child_environment
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.hosts.port import (
    ChangeRequest,
    Feature,
    Needs,
    Protection,
    Repository,
    RepositoryAddress,
    RepositorySettings,
    RequestContent,
)

_LICENCE = "Permission is granted to do what a test does.\n"


@dataclass
class MemoryHost:
    """A host for tests and for trying out; `folder` holds a bare repository for each that was made.

    `writable`: whether its imagined token may write.
    """

    folder: Path
    writable: bool = True
    kind: str = "memory"
    label: str = "memory"
    features: Collection[Feature] = frozenset(Feature)
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: dict[str, list[ChangeRequest]] = field(default_factory=dict)
    protected: set[tuple[str, str]] = field(default_factory=set)

    async def check_access(self, needs: Needs) -> None:
        if not self.writable:
            raise TokenScopeMissing(self.label, "the scope `write`", "`read`")

    async def git_credentials(self) -> GitCredentials | None:
        return None

    async def find(self, address: RepositoryAddress) -> Repository | None:
        return self.repositories.get(address.path)

    async def create(self, address: RepositoryAddress, settings: RepositorySettings) -> Repository:
        if address.path in self.repositories:
            raise RepositoryNameTaken(address.path, "it exists.")
        place = self.folder / f"{address.path}.git"
        place.mkdir(parents=True)
        git = Git(place, {**child_environment(), "GIT_DIR": str(place)})
        await git.must("init", "--quiet", "--bare", f"--initial-branch={settings.default_branch}")
        url, topics = place.as_uri(), frozenset(settings.all_topics)
        made = Repository(address.path, address.path, url, url, settings.default_branch, settings.visibility, topics)
        self.repositories[address.path] = made
        return made

    async def set_topics(self, repository: Repository, topics: Collection[str]) -> None:
        self._change(replace(self.repositories[repository.key], topics=frozenset(topics)))

    async def set_default_branch(self, repository: Repository, branch: str) -> None:
        self._change(replace(self.repositories[repository.key], default_branch=branch))

    async def delete(self, repository: Repository) -> None:
        if self.repositories.pop(repository.key, None):
            shutil.rmtree(self.folder / f"{repository.path}.git")

    async def protect(self, repository: Repository, branch: str, protection: Protection) -> bool:
        rule = (repository.key, branch)
        fresh = rule not in self.protected
        self.protected.add(rule)
        return fresh

    async def open_requests(self, repository: Repository, head: str) -> list[ChangeRequest]:
        return [request for request in self.requests.get(repository.key, []) if request.head == head]

    async def create_request(self, repository: Repository, content: RequestContent) -> ChangeRequest:
        there = self.requests.setdefault(repository.key, [])
        if any((one.head, one.base) == (content.head, content.base) for one in there):
            raise HostRefused(self.label, "open a request", "there is one.")
        number = len(there) + 1
        url = f"{repository.web_url}/requests/{number}"
        made = ChangeRequest(
            number, url, content.head, content.base, content.title, content.body, content.draft
        ).with_more(content)
        there.append(made)
        return made

    async def update_request(
        self, repository: Repository, request: ChangeRequest, content: RequestContent
    ) -> ChangeRequest:
        changed = replace(request, title=content.title, body=content.body, base=content.base).with_more(content)
        there = self.requests[repository.key]
        there[there.index(request)] = changed
        return changed

    async def licence_text(self, key: str) -> str:
        return f"{key}\n\n{_LICENCE}"

    async def close(self) -> None:
        """Nothing is open."""

    def _change(self, repository: Repository) -> None:
        self.repositories[repository.key] = repository
