"""A recorded run of 500 model calls, replayed: what its nodes take, and what a bare client takes that asks again."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

import tasks.open_execution
from benchmarks.databases import on_each_database
from repomill.agents.source import ModelSource
from repomill.workflow.spec import WorkflowSpec
from tasks.replays import replay_execution
from tasks.services import Services
from tasks.sources import Sources
from tests.fakes.bundled_runs import services_at
from tests.fakes.walks import admit_document, document, run_execution
from tests.servers.model_server import ModelServer, model_server

CALLS, AT_ONCE = 500, 50

SPEC = document(
    [
        {
            "id": f"n{number}",
            "type": "llm",
            "config": {"source": "main", "prompt": f"Go {number}.", "max_tokens": 100},
        }
        for number in range(CALLS)
    ],
    sources={"main": {"kind": "openai", "block": "main", "model": "m"}},
)


def main() -> None:
    on_each_database("replays", measure)


def measure(url: str, folder: Path) -> Iterator[str]:
    services = services_at(folder, url)
    with model_server(lambda asked: "A short answer.") as server:
        parts: Any = tasks.open_execution
        parts.load_sources = lambda spec: sources_of(spec, server)
        yield asyncio.run(compare(services, server))


async def sources_of(spec: WorkflowSpec, server: ModelServer) -> Sources:
    return Sources(spec, {"main": ModelSource(name="main", base_url=server.base_url, api_key=SecretStr("k"))})


async def compare(services: Services, server: ModelServer) -> str:
    await services.store.check()
    first = await admit_document(services, SPEC)
    recorded = await seconds(services, first)
    asked = len(server.requests)
    replayed = await seconds(services, (await replay_execution(services, str(first)))[0].id)
    assert (asked, len(server.requests)) == (CALLS, CALLS)
    bare = await ask_bare(server)
    await services.aclose()
    return f"{CALLS} calls recorded in {recorded:.1f} s, replayed in {replayed:.1f} s; bare client {bare:.1f} s"


async def seconds(services: Services, execution: Any) -> float:
    """Run an execution as its task runs do, without a Prefect server."""
    started = time.perf_counter()
    walked = await run_execution(services, execution, publish=False)
    if walked.error is not None:
        raise walked.error
    return time.perf_counter() - started


async def ask_bare(server: ModelServer) -> float:
    from openai import AsyncOpenAI

    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(client: AsyncOpenAI, number: int) -> None:
        async with gate:
            await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": f"Go {number}."}], max_tokens=100
            )

    async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
        await ask(client, CALLS)  # imports and connections
        started = time.perf_counter()
        await asyncio.gather(*(ask(client, number) for number in range(CALLS)))
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
