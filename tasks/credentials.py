"""Git credentials from Prefect blocks."""

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from repomill.errors import CredentialsMissing
from repomill.publishing.credentials import GitCredentials


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
