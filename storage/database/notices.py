"""Waiting for events: PostgreSQL tells when there are some, other databases are looked at again after a moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from storage.database.repositories.events import CHANNEL
from storage.database.session import Database

LOOK_EVERY = 0.2
"""Seconds between two looks where nothing tells."""

LOOK_ANYWAY = 5.0
"""Seconds after which one looks all the same: a connection through a pooler hears nothing."""


class Notices:
    """Waits for news of one execution."""

    def __init__(self, execution_id: UUID, connection: Connection | None) -> None:
        self._wanted = str(execution_id)
        self._connection = connection

    async def wait(self) -> None:
        """Return when there may be news."""
        if self._connection is None:
            await asyncio.sleep(LOOK_EVERY)
        else:
            await asyncio.to_thread(self._hear, self._connection)

    def _hear(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        for notice in driver.notifies(timeout=LOOK_ANYWAY):
            if notice.payload == self._wanted:
                return


@asynccontextmanager
async def notices(database: Database, execution_id: UUID) -> AsyncIterator[Notices]:
    """Listen for news of an execution as long as the block lasts."""
    if database.engine.dialect.name != "postgresql":
        yield Notices(execution_id, None)
        return
    connection = await asyncio.to_thread(_listen, database)
    try:
        yield Notices(execution_id, connection)
    finally:
        connection.invalidate()  # it would go on listening for whoever gets it next
        connection.close()


def _listen(database: Database) -> Connection:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"LISTEN {CHANNEL}"))
    return connection
