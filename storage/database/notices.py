"""Waiting for events: PostgreSQL tells when there are some, other databases are looked at again after a moment."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from storage.database.repositories.events import CHANNEL
from storage.database.session import Database

LOOK_EVERY = 0.2
"""Seconds between two looks where nothing tells; a listener who is not wanted any more is gone by then, too."""

LOOK_ANYWAY = 5.0
"""Seconds after which one looks all the same: a connection through a pooler hears nothing."""


class Notices:
    """Waits for news of one execution."""

    def __init__(self, execution_id: UUID, connection: Connection | None) -> None:
        self._wanted = str(execution_id)
        self._connection = connection
        self._in_use = Lock()
        self._is_closed = False

    async def wait(self) -> None:
        """Return when there may be news."""
        if self._connection is None:
            await asyncio.sleep(LOOK_EVERY)
        else:
            await asyncio.to_thread(self._hear, self._connection)

    def close(self) -> None:
        """Give the connection up, once nobody listens on it: a wait that was cancelled goes on in its thread."""
        self._is_closed = True
        if self._connection is not None:
            with self._in_use:
                self._connection.invalidate()  # it would go on listening for whoever gets it next
                self._connection.close()

    def _hear(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        until = time.monotonic() + LOOK_ANYWAY
        with self._in_use:
            while not self._is_closed and time.monotonic() < until:
                if any(notice.payload == self._wanted for notice in driver.notifies(timeout=LOOK_EVERY)):
                    return


@asynccontextmanager
async def notices(database: Database, execution_id: UUID) -> AsyncIterator[Notices]:
    """Listen for news of an execution as long as the block lasts."""
    listens = database.engine.dialect.name == "postgresql"
    news = Notices(execution_id, await asyncio.to_thread(_listen, database) if listens else None)
    try:
        yield news
    finally:
        await asyncio.to_thread(news.close)


def _listen(database: Database) -> Connection:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"LISTEN {CHANNEL}"))
    return connection
