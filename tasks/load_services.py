"""Load what a flow run works with from Prefect blocks."""

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from blocks.artifacts import ArtifactStorage
from blocks.database import DatabaseConnection
from blocks.names import ARTIFACTS, DATABASE
from storage.database.scope import DEFAULT_SCOPE, Scope
from storage.database.session import Database
from tasks.services import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def flow_services(acting_user: str) -> "AsyncIterator[Services]":
    """Open database and artefact store as the blocks say, for one flow run, acting as a named user.

    Raises:
        ValueError: a block is missing; `repomill up` makes them.
        NotFound: there is no such user.
    """
    connection: DatabaseConnection = await DatabaseConnection.aload(DATABASE)
    artifacts: ArtifactStorage = await ArtifactStorage.aload(ARTIFACTS)
    database = Database(connection.url.get_secret_value())
    try:
        user = await database.run(DEFAULT_SCOPE, lambda work: work.users.by_name(acting_user))
        scope = Scope(DEFAULT_SCOPE.organisation_id, user.id)
        yield Services(database, artifacts.store, scope, artifacts.links_url, artifacts.max_file_size)
    finally:
        await artifacts.store.aclose()
        database.close()
