"""Asks through a queue: python -m tests.integration.agents.queueing_process URL DATABASE TOKENS_PER_MINUTE COUNT.

Says "ready" after a call beside the queue, goes on when it reads a line, and prints how many calls were answered and
how many tokens they used.
"""

import asyncio
import sys
from contextlib import aclosing

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.queues import QueueLimits
from repomill.calls.shared_queues import SharedQueues
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.agent_runs import ROOT, ask


def queue(tokens_per_minute: int) -> QueueLimits:
    """Return the queue that all processes share."""
    return QueueLimits("queue models", tokens_per_minute=tokens_per_minute)


async def main(base_url: str, database_url: str, tokens_per_minute: str, count: str) -> None:
    source = ModelSource(name="main", base_url=base_url, model="own")
    database, ledger = Database(database_url), MemoryCallLedger(ROOT)
    queues = SharedQueues(SqlQueueBoard(database, DEFAULT_SCOPE), {"main": queue(int(tokens_per_minute))})
    calls = LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues)
    async with AgentRunner({"main": source}, LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.LIVE)) as agents:
        await agents.run(ask("Import all that a call needs."))
    print("ready", flush=True)  # noqa: T201  # read by the test
    sys.stdin.readline()
    async with aclosing(queues), AgentRunner({"main": source}, calls) as agents:
        answers = await asyncio.gather(*(agents.run(ask("Go.", f"node[{each}]")) for each in range(int(count))))
    tokens = sum(usage.input_tokens + usage.output_tokens for usage in ledger.usage.values())
    print(len(answers), tokens)  # noqa: T201  # read by the test
    database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
