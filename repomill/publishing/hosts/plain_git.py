"""A Git remote without an API: repositories that somebody made, and branches."""

from collections.abc import Collection

from pydantic import SecretStr

from repomill.publishing._environment import child_environment
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.git_urls import check_remote_url
from repomill.publishing.hosts._nothing_more import WithoutApi
from repomill.publishing.hosts.port import Feature, HostLogin, Needs, Repository, RepositoryAddress


class PlainGitHost(WithoutApi):
    """Adapter for any Git remote; a repository's path is its URL."""

    kind = "git"
    label = "A plain Git remote"
    features: Collection[Feature] = frozenset()

    def __init__(self, login: HostLogin) -> None:
        self._login = login

    async def check_access(self, needs: Needs) -> None:
        """Whether credentials are good shows with the first command."""

    async def git_credentials(self) -> GitCredentials | None:
        login = self._login
        return GitCredentials(login.username, login.token or SecretStr("")) if login.username or login.token else None

    async def find(self, address: RepositoryAddress) -> Repository | None:
        """Describe a repository; a remote does not tell missing from hidden, so both raise `RemoteRefused`."""
        url = check_remote_url(address.path)
        credentials = await self.git_credentials()
        async with temporary_repository(child_environment(url, credentials), self._login.timeout) as git:
            branch = await GitRemote(git, url, credentials).default_branch()
        return Repository(key=url, path=url, web_url=url, clone_url=url, default_branch=branch or "")
