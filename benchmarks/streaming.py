"""The first token of a streamed answer, as a committed event of the run; the peer is the bare `openai` client."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, event

from benchmarks.databases import on_each_database
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from storage.database.ledger import SqlCallLedger
from tasks.services import Services
from tasks.state_writer import StateWriter
from tasks.token_events import TokenEvents
from tests.fakes.agent_runs import ask
from tests.fakes.bundled_runs import services_at
from tests.fakes.stored_rows import running_execution
from tests.servers.model_server import ModelServer, Reply, model_server

CALLS = 50
ANSWER = Reply("A short answer.", pause=0.05)


def main() -> None:
    on_each_database("streams", measure)


def measure(url: str, folder: Path) -> Iterator[str]:
    services = services_at(folder, url)
    with model_server(lambda asked: ANSWER) as server:
        bare, heard = asyncio.run(compare(services, server))
    yield f"first token after {bare:.1f} ms, committed as an event {heard - bare:+.1f} ms later"


async def compare(services: Services, server: ModelServer) -> tuple[float, float]:
    """Return the median milliseconds to the first token: bare, and as a committed event."""
    from openai import AsyncOpenAI

    await services.store.check()
    lease = await services.database.run(services.scope, running_execution)
    ledger = SqlCallLedger(services.database, services.store, services.scope, lease, lease.execution_id)
    price = {"input_price": Decimal(1), "output_price": Decimal(1)}
    source = ModelSource(name="main", base_url=server.base_url, api_key=SecretStr("k"), model="own", **price)
    first = FirstEvents(services)
    async with (
        AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client,
        StateWriter(services, lease) as writer,
        AgentRunner({"main": source}, LedgeredCalls(ledger, LedgerMode.LIVE), TokenEvents(writer, ())) as ours,
    ):
        times = []
        for number in range(-2, CALLS):
            bare = await first_token(client, number)
            started = time.perf_counter()
            await ours.run(ask(f"Go {number}.", f"node[{number}]"))
            await writer.flush()
            times.append((bare, first.committed() - started))
    await services.aclose()
    bares, heard = zip(*times[2:], strict=True)
    return statistics.median(bares) * 1000, statistics.median(heard) * 1000


async def first_token(client: Any, number: int) -> float:
    started, seen = time.perf_counter(), 0.0
    messages = [{"role": "user", "content": f"Go {number}."}]
    async for chunk in await client.chat.completions.create(
        model="own", messages=messages, max_tokens=500, stream=True
    ):
        if not seen and chunk.choices and chunk.choices[0].delta.content:
            seen = time.perf_counter() - started
    return seen


class FirstEvents:
    """Notes when the first piece of an answer that was written since the last look was committed."""

    def __init__(self, services: Services) -> None:
        self._writing: set[int] = set()
        self._at = 0.0
        event.listen(services.database.engine, "before_cursor_execute", self._note)
        event.listen(services.database.engine, "checkin", self._done)

    def committed(self) -> float:
        at, self._at = self._at, 0.0
        return at

    def _note(self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("INSERT INTO events") and "call.text" in str(parameters):
            self._writing.add(id(connection.connection.dbapi_connection))

    def _done(self, connection: object, record: object) -> None:
        if id(connection) in self._writing:
            self._writing.discard(id(connection))
            self._at = self._at or time.perf_counter()


if __name__ == "__main__":
    main()
