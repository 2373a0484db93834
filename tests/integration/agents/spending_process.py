"""Runs agents against one budget: python -m tests.integration.agents.spending_process URL DATABASE FOLDER COUNT [dies].

Prints how many answered and how many the budget refused. One that dies does so with its first answer in its hands.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallKey, CallRow, LedgerMode, Usage
from repomill.canonical import Json
from repomill.errors import BudgetExceeded, BudgetReserved
from storage.artifacts.local import LocalDirectoryStore
from storage.database.ledger import SqlCallLedger
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.agent_runs import ask
from tests.fakes.stored_rows import claim, new_execution

AT_ONCE = 8
PRICES = {"input_price": Decimal(0), "output_price": Decimal(1000)}
"""US dollars a million tokens: an answer of 20 tokens costs 2 cents, the bound of 100 tokens is 10 cents."""


class DyingLedger(SqlCallLedger):
    """Is killed before an answer is written down."""

    async def record_and_settle(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        os.kill(os.getpid(), signal.SIGKILL)
        return await super().record_and_settle(key, response, usage, latency_ms)


async def spend(
    source: ModelSource, database: Database, store: LocalDirectoryStore, kept_by: type[SqlCallLedger]
) -> str:
    """Run one execution with one call; return "answered" or "refused"."""
    lease = await database.run(DEFAULT_SCOPE, lambda work: claim(work, new_execution(work).id, now=datetime.now(UTC)))
    ledger = kept_by(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    async with AgentRunner({"main": source}, LedgeredCalls(ledger, LedgerMode.LIVE)) as agents:
        try:
            await agents.run(ask("Go.", max_tokens=100))
        except (BudgetExceeded, BudgetReserved):
            return "refused"
    return "answered"


async def main(base_url: str, database_url: str, folder: str, count: str, fate: str = "") -> None:
    source = ModelSource(name="main", base_url=base_url, model="own", **PRICES)
    database, store, gate = Database(database_url), LocalDirectoryStore(Path(folder)), asyncio.Semaphore(AT_ONCE)

    async def one() -> str:
        async with gate:
            return await spend(source, database, store, DyingLedger if fate == "dies" else SqlCallLedger)

    outcomes = Counter(await asyncio.gather(*(one() for _ in range(int(count)))))
    print(outcomes["answered"], outcomes["refused"])  # noqa: T201  # read by the test
    database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
