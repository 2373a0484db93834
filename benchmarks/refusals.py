"""A model server that allows 600 requests in any minute and answers 429 to the rest: what comes through, and how soon.

Once with the queue's rate set to what the server allows, and once with no rate set: then only its 429 says so.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path

from benchmarks.databases import on_each_database
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
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
from tests.servers.model_server import Asked, Reply, model_server

ALLOWED, MINUTE = 600, 60.0
UNDER_WAY = 0.1
"""Seconds; what arrives so soon after a refusal was sent before anybody had heard of it."""


class RequestLimit:
    """Allows so many requests in any minute; counts what it served, what it refused, and who came back too early."""

    def __init__(self) -> None:
        self.served = self.refused = self.early = 0
        self.began, self.last = time.monotonic(), 0.0
        self._recent: deque[float] = deque()
        self._told_at, self._closed_until = 0.0, 0.0
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Reply:
        with self._lock:
            now = time.monotonic()
            self.early += self._told_at + UNDER_WAY < now < self._closed_until
            while self._recent and self._recent[0] <= now - MINUTE:
                self._recent.popleft()
            if len(self._recent) < ALLOWED:
                self._recent.append(now)
                self.served, self.last = self.served + 1, now
                return Reply("A short answer.")
            wait = round((self._recent[0] + MINUTE - now) * 1000) + 1
            self.refused += 1
            if now >= self._closed_until:
                self._told_at, self._closed_until = now, now + wait / 1000
            return Reply("requests a minute", status=429, headers={"Retry-After-Ms": str(wait)})


def main() -> None:
    on_each_database("refusals", measure)


def measure(url: str, folder: Path) -> Iterator[str]:
    for rate, calls in ((ALLOWED, 660), (None, 1100)):
        queue = QueueLimits(f"at {rate}", concurrency=50, requests_per_minute=rate)
        limit = RequestLimit()
        with closing(Database(url)) as database, model_server(limit) as server:
            failed = asyncio.run(ask_all(server.base_url, database, LocalDirectoryStore(folder), queue, calls))
        seconds = limit.last - limit.began
        told = f"{limit.served} served in {seconds:.1f} s, {limit.refused} refused, {limit.early} too early"
        yield f"rate {rate}: {told}, {failed} of {calls} failed"


async def ask_all(base_url: str, database: Database, store: LocalDirectoryStore, queue: QueueLimits, calls: int) -> int:
    """Make all calls at once; return how many failed."""
    lease = await database.run(DEFAULT_SCOPE, running_execution)
    source = ModelSource(name="main", base_url=base_url, model="own")
    ledger = SqlCallLedger(database, store, DEFAULT_SCOPE, lease, lease.execution_id)
    queues = SharedQueues(SqlQueueBoard(database, DEFAULT_SCOPE, durable=False), {"main": queue})
    async with (
        aclosing(queues),
        AgentRunner({"main": source}, LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues)) as agents,
    ):
        runs = (agents.run(ask(f"Go {number}.", f"node[{number}]")) for number in range(calls))
        answers = await asyncio.gather(*runs, return_exceptions=True)
    return sum(isinstance(answer, BaseException) for answer in answers)


if __name__ == "__main__":
    main()
