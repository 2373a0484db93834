"""Whether new credentials do what the old ones did, before they take their place."""

from collections.abc import Sequence

from repomill.errors import CredentialsWeaker, HostAccessDenied, RemoteRefused
from repomill.publishing._environment import child_environment
from repomill.publishing.git_commit import temporary_repository
from repomill.publishing.git_remote import GitRemote
from repomill.publishing.hosts.port import Needs, RepositoryAddress, RepositoryHost
from repomill.publishing.tree_commits import NewCommit, make_commits

_SECONDS = 60.0
_PROBE_REF = "refs/repomill/probe"


async def check_successor(
    old: RepositoryHost, new: RepositoryHost, addresses: Sequence[RepositoryAddress]
) -> tuple[str, ...]:
    """Return the repositories that neither may push to any more; nothing is changed anywhere.

    Raises:
        CredentialsWeaker: the old ones may push where the new ones may not.
        HostAccessDenied, TokenScopeMissing: the new ones are no good at all.
        HostUnavailable, HostRateLimited, RemoteUnavailable: it cannot be found out now.
    """
    await new.check_access(Needs())
    gone: list[str] = []
    for address in addresses:
        if await _may_push(new, address):
            continue
        if await _may_push(old, address):
            raise CredentialsWeaker(address.path)
        gone.append(address.path)
    return tuple(gone)


async def _may_push(host: RepositoryHost, address: RepositoryAddress) -> bool:
    try:
        found = await host.find(address)
        if found is None:
            return False
        credentials = await host.git_credentials()
        async with temporary_repository(child_environment(found.clone_url, credentials), _SECONDS) as git:
            (probe,) = await make_commits(git, [NewCommit(_PROBE_REF, None, {})])
            await GitRemote(git, found.clone_url, credentials).rehearse_push(probe)
    except (HostAccessDenied, RemoteRefused):
        return False
    return True
