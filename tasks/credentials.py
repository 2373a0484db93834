"""What lets exports in, from Prefect blocks."""

from collections.abc import Sequence
from uuid import UUID

from prefect.blocks.core import Block

from blocks.git_credentials import GitCredentials as GitCredentialsBlock
from blocks.host_logins import login_blocks, login_of
from repomill.errors import CredentialsMissing
from repomill.publishing.credentials import GitCredentials
from tasks.host_access import Access


async def load_access(kind: str, name: str) -> Access:
    """Return what the block of this name holds for a kind of target; None without a name.

    Raises:
        CredentialsMissing: there is no such block.
    """
    return access_of(await load_block(block_types(kind), name)) if name else None


async def load_block(types: Sequence[type[Block]], name: str) -> Block:
    """Return the block of this name that has the first of these types; raises `CredentialsMissing`."""
    for kind in types:
        try:
            return await kind.aload(name)
        except ValueError:  # Prefect's word for a block document that does not exist; another type may have the name
            continue
    raise CredentialsMissing(name)


def block_id(block: Block) -> UUID:
    """Return the id of a block that was loaded; it stays when the block is saved anew."""
    found = block._block_document_id
    assert found  # noqa: S101  # a loaded block has one
    return found


def block_types(kind: str) -> Sequence[type[Block]]:
    """Return the types of blocks that may hold what a kind of target asks for."""
    return login_blocks(kind) or (GitCredentialsBlock,)


def access_of(block: Block) -> Access:
    """Return what a block of one of these types holds."""
    if isinstance(block, GitCredentialsBlock):
        return GitCredentials(block.username, block.password)
    return login_of(block)


async def replace_block(name: str, replacement: Block, spent: str) -> None:
    """Put the values of `replacement` under a name that is taken, and remove the block they were in."""
    kind = type(replacement)
    # A block that was loaded is bound to its own document, and would be saved there whatever the name.
    fresh = kind(**{field: getattr(replacement, field) for field in kind.model_fields})
    await fresh.asave(name, overwrite=True)
    await kind.adelete(spent)
