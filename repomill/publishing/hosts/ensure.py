"""Two steps of an export that need a host: there is the repository, and one request. Both find out first."""

from dataclasses import dataclass

from repomill.errors import (
    HostRefused,
    RepositoryForeign,
    RepositoryMissing,
    RepositoryNameTaken,
    RepositoryTooOpen,
)
from repomill.publishing._command import DEFAULT_TIMEOUT
from repomill.publishing._environment import child_environment
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.hosts.markers import Ownership, ownership
from repomill.publishing.hosts.port import (
    ChangeRequest,
    Feature,
    Repository,
    RepositoryAddress,
    RepositoryHost,
    RepositorySettings,
    RequestContent,
)


@dataclass(frozen=True, slots=True)
class Ensured:
    """A repository that may be pushed to. `created`: this very call made it."""

    repository: Repository
    created: bool
    ownership: Ownership


@dataclass(frozen=True, slots=True)
class EnsuredRequest:
    """The one open request of a branch. `created`: this very call opened it."""

    request: ChangeRequest
    created: bool


async def find_repository(
    host: RepositoryHost, address: RepositoryAddress, project: str, seconds: float = DEFAULT_TIMEOUT
) -> Ensured | None:
    """Describe a repository and whose it is, without changing anything; None when it does not exist."""
    found = await host.find(address)
    return Ensured(found, False, await _ownership(host, found, project, seconds)) if found else None


async def ensure_repository(
    host: RepositoryHost,
    address: RepositoryAddress,
    settings: RepositorySettings,
    project: str,
    seconds: float = DEFAULT_TIMEOUT,
) -> Ensured:
    """Make the repository, or adopt one that is empty or ours.

    An adopted one gets the marker, and keeps its description, topics and visibility.

    Raises:
        RepositoryForeign: it has content that is not of this project; nothing was touched.
        RepositoryTooOpen: it exists and more people can read it than asked for.
        RepositoryMissing: it does not exist, and this kind of host makes none.
        RepositoryNameTaken: it exists, and the token cannot see it.
    """
    found = await find_repository(host, address, project, seconds)
    if found is None:
        if Feature.CREATION not in host.features:
            raise RepositoryMissing(address.path)
        try:
            return Ensured(await host.create(address, settings), True, Ownership.EMPTY)
        except RepositoryNameTaken:
            # Another try made it at the same moment, or an earlier one whose answer never came.
            found = await find_repository(host, address, project, seconds)
            if found is None:
                raise
    return await _adopt(host, found, settings)


async def ensure_request(host: RepositoryHost, repository: Repository, content: RequestContent) -> EnsuredRequest:
    """Open the request, or bring the one that is open for its head branch up to date."""
    open_ones = await host.open_requests(repository, content.head)
    if not open_ones:
        try:
            return EnsuredRequest(await host.create_request(repository, content), True)
        except HostRefused:
            # An earlier try opened it and its answer never came: hosts take one for each pair of branches.
            open_ones = await host.open_requests(repository, content.head)
            if not open_ones:
                raise
    request = next((one for one in open_ones if one.base == content.base), open_ones[0])
    lacking = request.lacks(content)
    if lacking:
        request = await host.update_request(repository, request, lacking)
    return EnsuredRequest(request, False)


async def _adopt(host: RepositoryHost, found: Ensured, settings: RepositorySettings) -> Ensured:
    repository = found.repository
    if found.ownership is Ownership.FOREIGN or repository.archived:
        raise RepositoryForeign(repository.path, settings.marker)
    if repository.visibility and repository.visibility.openness > settings.visibility.openness:
        raise RepositoryTooOpen(repository.path, repository.visibility.value, settings.visibility.value)
    if Feature.TOPICS in host.features and settings.marker not in repository.topics:
        await host.set_topics(repository, sorted({*repository.topics, settings.marker}))
    return found


async def _ownership(host: RepositoryHost, repository: Repository, project: str, seconds: float) -> Ownership:
    credentials = await host.git_credentials()
    environment = child_environment(repository.clone_url, credentials)
    async with temporary_repository(environment, seconds) as git:
        return await ownership(repository, GitRemote(git, repository.clone_url, credentials), project)
