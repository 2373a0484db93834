"""What lets exports in, from Prefect blocks."""

from collections.abc import Sequence

from prefect.blocks.core import Block

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from blocks.host_logins import login_blocks, login_of
from repomill.errors import CredentialsMissing
from repomill.publishing.credentials import GitCredentials
from repomill.publishing.hosts.port import HostLogin
from tasks.host_access import Access


async def load_access(kind: str, name: str) -> Access:
    """Return what the block of this name holds for a kind of target; None without a name.

    Raises:
        CredentialsMissing: there is no such block.
    """
    if not name:
        return None
    types = login_blocks(kind)
    return await _load_login(types, name) if types else await load_git_credentials(name)


async def load_git_credentials(name: str) -> GitCredentials:
    """Return what the block holds.

    Raises:
        CredentialsMissing: there is no such block.
    """
    try:
        block: GitCredentialsBlock = await GitCredentialsBlock.aload(name)
    except ValueError as error:  # Prefect's word for a block document that does not exist
        raise CredentialsMissing(name) from error
    return GitCredentials(block.username, block.password)


async def _load_login(types: Sequence[type[Block]], name: str) -> HostLogin:
    for kind in types:
        try:
            return login_of(await kind.aload(name))
        except ValueError:  # as above; another type may have the name
            continue
    raise CredentialsMissing(name)
