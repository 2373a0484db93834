"""What ledger, budget and queue add to a model call over the bare `openai` client, one call after the other."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, closing
from decimal import Decimal
from pathlib import Path

from benchmarks.databases import on_each_database
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.budget import Limits, Period
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
from tests.fakes.stored_rows import claim, new_execution, running_execution
from tests.servers.model_server import ModelServer, model_server

CALLS = 100
LIMITS = Limits(cost_usd=Decimal(10**6), calls=10**6, tokens=10**9)
SCHEMA = {"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}
QUEUE = QueueLimits("models", concurrency=50, requests_per_minute=10**6)


def main() -> None:
    on_each_database("calls", measure)


def measure(url: str, folder: Path) -> Iterator[str]:
    replies = model_server(lambda asked: {"answer": "short"} if asked.schema else "A short answer.")
    with closing(Database(url)) as database, replies as server:
        bare, ours, plain, checked = asyncio.run(compare(server, database, LocalDirectoryStore(folder)))
    added = f"with ledger {plain - bare:+.1f} ms; with budget and queue {ours - bare:+.1f} ms"
    yield f"bare client {bare:.1f} ms; {added}, and a structured answer that is checked {checked - bare:+.1f} ms"


async def compare(server: ModelServer, database: Database, store: LocalDirectoryStore) -> tuple[float, ...]:
    """Return the median milliseconds of a call: bare, with all, with the ledger only, with all and a checked answer."""
    from openai import AsyncOpenAI

    lease = await database.run(DEFAULT_SCOPE, running_execution)
    project = await database.run(DEFAULT_SCOPE, lambda work: work.executions.get(lease.execution_id).project_id)
    source = ModelSource(
        name="main", base_url=server.base_url, model="own", input_price=Decimal(1), output_price=Decimal(1)
    )
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    queues = SharedQueues(SqlQueueBoard(database, DEFAULT_SCOPE, durable=False), {"main": QUEUE})
    client = AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0)

    async def bare(number: int) -> None:
        messages = [{"role": "user", "content": f"Go {number}."}]
        await client.chat.completions.create(model="own", messages=messages, max_tokens=500)  # type: ignore[arg-type]

    # A run in another project has no budget, one of a source without limits no queue.
    other = await database.run(DEFAULT_SCOPE, lambda work: claim(work, new_execution(work, "other").id))
    await database.run(DEFAULT_SCOPE, lambda work: work.budgets.define(project, Period.TOTAL, LIMITS))
    await database.run(DEFAULT_SCOPE, lambda work: work.budgets.define(project, Period.DAY, LIMITS))
    unbound = SqlCallLedger(database, store, DEFAULT_SCOPE, other, other.execution_id)
    async with (
        client,
        aclosing(queues),
        AgentRunner({"main": source}, LedgeredCalls(unbound, LedgerMode.LIVE)) as plain,
        AgentRunner({"main": source}, LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues)) as ours,
    ):
        return await medians(
            bare,
            lambda number: ours.run(ask(f"Go {number}.", f"node[{number}]")),
            lambda number: plain.run(ask(f"Go {number}.", f"node[{number}]")),
            lambda number: ours.run(ask(f"Tell {number}.", f"told[{number}]", schema=SCHEMA)),
        )


async def medians(*calls: Callable[[int], Awaitable[object]]) -> tuple[float, ...]:
    """Return the median milliseconds of each; they take turns, so that what else runs here disturbs all alike."""
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        await call(1_000_000)  # imports and connections
    for number in range(CALLS):
        for call, taken in zip(calls, seconds, strict=True):
            started = time.perf_counter()
            await call(number)
            taken.append(time.perf_counter() - started)
    return tuple(statistics.median(taken) * 1000 for taken in seconds)


if __name__ == "__main__":
    main()
