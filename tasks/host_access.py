"""What lets an export in: Git credentials, or a login of a host."""

from dataclasses import replace
from typing import Union

from pydantic import SecretStr

from repomill.errors import CredentialsNeeded
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.exports import ExportTarget
from repomill.publishing.hosts.plain_git import PlainGitHost
from repomill.publishing.hosts.port import HostLogin, RepositoryHost
from repomill.publishing.hosts.registry import host_kinds

GIT = "git"

Access = Union[GitCredentials, HostLogin, None]


def host_of(target: ExportTarget, access: Access) -> RepositoryHost:
    """Return the host of a target; an address that the target names wins over the login's.

    Raises:
        CredentialsNeeded: only plain Git can do without.
    """
    login = host_login(access)
    if target.kind == GIT:
        return PlainGitHost(login)
    if access is None:
        raise CredentialsNeeded(f"{target.kind}:{target.url}")
    return host_kinds()[target.kind].connect(replace(login, url=target.options.host or login.url))


def host_login(access: Access) -> HostLogin:
    """Return a login, of Git credentials too."""
    if isinstance(access, GitCredentials):
        return HostLogin(username=access.username, token=access.password)
    return access or HostLogin()


def git_credentials(access: Access) -> GitCredentials | None:
    """Return what plain Git takes."""
    if isinstance(access, HostLogin):
        return GitCredentials(access.username or "git", access.token) if access.token else None
    return access


def secrets_of(access: Access) -> tuple[SecretStr, ...]:
    """Return every secret that lets somebody in; no file may hold one."""
    return host_login(access).secrets()
