"""Load what a flow run works with from Prefect blocks."""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from prefect.blocks.core import Block

from blocks.artifacts import ArtifactStorage
from blocks.database import DatabaseConnection
from blocks.names import ARTIFACTS, DATABASE
from repomill.errors import BlockMissing
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from tasks.flow_runs import flow_run_id
from tasks.services import OUTAGE, Services, known_secrets
from tasks.signals import signals_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BlockT = TypeVar("BlockT", bound=Block)


@asynccontextmanager
async def flow_services(acting_user: str) -> "AsyncIterator[Services]":
    """Open database and artefact store as the blocks say, for one flow run, acting as a named user.

    Raises:
        BlockMissing: the Prefect server was not seeded.
        UserNotFound: there is no such user.
    """
    connection = await _load(DatabaseConnection, DATABASE)
    artifacts = await _load(ArtifactStorage, ARTIFACTS)
    database = Database(connection.url.get_secret_value(), patience=OUTAGE)
    database.listeners.append(signals_of(flow_run_id()))
    try:
        user = await database.run(DEFAULT_SCOPE, lambda work: work.users.by_name(acting_user))
        scope = Scope(DEFAULT_SCOPE.organisation_id, user.id)
        roots = tuple(Path(folder) for folder in artifacts.input_roots)
        secrets = known_secrets(connection.url.get_secret_value(), artifacts.access_key, artifacts.secret_key)
        yield Services(database, artifacts.store, scope, artifacts.links_url, artifacts.max_file_size, secrets, roots)
    finally:
        try:
            await artifacts.store.aclose()
        finally:
            database.close()


async def _load(kind: type[BlockT], name: str) -> BlockT:
    try:
        block: BlockT = await kind.aload(name)
    except ValueError as error:  # Prefect's word for a block document that does not exist
        raise BlockMissing(f"{kind.get_block_type_slug()}/{name}") from error
    return block
