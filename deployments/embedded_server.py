"""Starts the embedded Prefect server, whose transactions on SQLite take the write lock when they begin.

`python -m deployments.embedded_server ARGUMENTS` is `prefect server start ARGUMENTS` but for that. By itself Prefect
3.8.8 begins most of its transactions DEFERRED: one that reads, then writes, is refused with SQLITE_BUSY at once when
another wrote in between, however long the busy timeout is, and the client gets a 503
(https://www.sqlite.org/lang_transaction.html, "DEFERRED, IMMEDIATE, and EXCLUSIVE transactions"). Figures: ADR 24.
"""

import importlib
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

from prefect.server.database.configurations import AioSqliteConfiguration

COMMAND = ["server", "start"]


def begin_immediately() -> None:
    """Let every transaction of a Prefect server in this process begin as those do that Prefect itself marks so."""
    begin = AioSqliteConfiguration.begin_transaction

    def begin_transaction(
        self: AioSqliteConfiguration,
        session: Any,
        with_for_update: bool = True,  # Prefect's signature
    ) -> AbstractAsyncContextManager[Any]:
        return begin(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_transaction  # type: ignore[method-assign,assignment]


def main() -> None:
    """Be `prefect server start`."""
    begin_immediately()
    sys.argv = ["prefect", *COMMAND, *sys.argv[1:]]
    importlib.import_module("prefect.cli").app()


if __name__ == "__main__":
    main()
