"""200 calls at once of a model that takes a second, with ledger, two budgets and queue; the peer is the bare client."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing, suppress
from decimal import Decimal
from pathlib import Path

from benchmarks.calls import LIMITS
from benchmarks.databases import on_each_database
from benchmarks.servers import server
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.budget import Period
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.queues import QueueLimits
from repomill.calls.shared_queues import SharedQueues
from storage.artifacts.local import LocalDirectoryStore
from storage.database.ledger import SqlCallLedger
from storage.database.queues import SqlQueueBoard
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tests.fakes.agent_runs import ask
from tests.fakes.stored_rows import running_execution

CALLS, ROUNDS = 200, 3
QUEUE = QueueLimits("models", concurrency=CALLS, requests_per_minute=10**6)
TICK = 0.005
Measured = tuple[float, float]
"""Seconds that all took, and the longest that the event loop stood still."""


def main() -> None:
    on_each_database("crowds", measure)


def measure(url: str, folder: Path) -> Iterator[str]:
    answers = folder / "answers.json"
    answers.write_text(json.dumps([{"reply": "A short answer.", "delay": 1.0}]))
    replies = server("tests.servers.model_server", "--answers", str(answers))
    with closing(Database(url)) as database, replies as base_url:
        rounds = asyncio.run(compare(base_url, database, LocalDirectoryStore(folder)))
    for bare, ours in rounds:
        told = f"{CALLS} calls of a second in {ours[0]:.1f} s, longest stall {ours[1] * 1000:.0f} ms"
        yield f"{told}; bare client {bare[0]:.1f} s, {bare[1] * 1000:.0f} ms"


async def compare(base_url: str, database: Database, store: LocalDirectoryStore) -> list[tuple[Measured, Measured]]:
    """Return what the bare client and ours took, round by round, once all is imported."""
    from openai import AsyncOpenAI

    lease = await database.run(DEFAULT_SCOPE, running_execution)
    project = await database.run(DEFAULT_SCOPE, lambda work: work.executions.get(lease.execution_id).project_id)
    await database.run(DEFAULT_SCOPE, lambda work: [work.budgets.define(project, each, LIMITS) for each in Period])
    source = ModelSource(name="main", base_url=base_url, model="own", input_price=Decimal(1), output_price=Decimal(1))
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    queues = SharedQueues(SqlQueueBoard(database, DEFAULT_SCOPE, durable=False), {"main": QUEUE})
    client = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)

    async def bare(number: int) -> object:
        messages = [{"role": "user", "content": f"Go {number}."}]
        return await client.chat.completions.create(model="own", messages=messages, max_tokens=500)  # type: ignore[arg-type]

    async with (
        client,
        aclosing(queues),
        AgentRunner({"main": source}, LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues)) as agents,
    ):

        async def ours(number: int) -> object:
            return await agents.run(ask(f"Go {number}.", f"node[{number}]"))

        await asyncio.gather(bare(-1), ours(10**6))
        return [(await at_once(bare, turn), await at_once(ours, turn)) for turn in range(ROUNDS)]


async def at_once(call: Callable[[int], Awaitable[object]], turn: int) -> Measured:
    """Make all calls, and watch the event loop meanwhile."""
    stalls = [0.0]
    watching = asyncio.create_task(watch(stalls))
    started = time.perf_counter()
    await asyncio.gather(*(call(turn * CALLS + number) for number in range(CALLS)))
    taken = time.perf_counter() - started
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return taken, max(stalls)


async def watch(stalls: list[float]) -> None:
    """Note how much later than asked the loop comes back."""
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(TICK)
        stalls.append(time.perf_counter() - asked - TICK)


if __name__ == "__main__":
    main()
