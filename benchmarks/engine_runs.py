"""One measurement of the engine in this process, against the Prefect API that the environment names.

`python -m benchmarks.engine_runs overhead|waits|iterations` prints one JSON object; `benchmarks.engine` starts it.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psutil
from prefect import flow
from prefect.cache_policies import NO_CACHE
from prefect.tasks import Task

from blocks.names import RESULT_STORAGE
from flows._recipe import PLAIN_JSON
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.nodes.registry import registered
from repomill.workflow.spec import WorkflowSpec
from storage.database.repositories.executions import NewExecution
from storage.database.repositories.workflows import Specification
from storage.database.work import Work
from tasks.load_services import flow_services
from tasks.node_progress import node_progress
from tasks.open_execution import open_execution
from tasks.run_graph import run_graph
from tasks.services import Services

Facts = dict[str, Any]


class Numbered(NodeConfig):
    """Equal work of a pure kind is done once; a number tells nodes apart."""

    number: Any = 0


class Nothing(NodeKind[Numbered]):
    """Does nothing."""

    name: ClassVar[str] = "nothing"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = Numbered

    async def run(self, config: Numbered, context: NodeContext) -> NodeResult:
        return NodeResult({})


class Wait(Nothing):
    """Asks a server that answers after a second."""

    name: ClassVar[str] = "wait"

    async def run(self, config: Numbered, context: NodeContext) -> NodeResult:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["WAITING_PORT"]))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        body = await reader.read()
        writer.close()
        return NodeResult({"bytes": len(body)})


class Large(Nothing):
    """Gives 100 kB."""

    name: ClassVar[str] = "large"

    async def run(self, config: Numbered, context: NodeContext) -> NodeResult:
        return NodeResult({"text": context.path.ljust(100_000, "x")})


async def overhead(services: Services, count: int = 200) -> Facts:
    """Nodes that do nothing, at once and in sequence, against bare Prefect tasks, in turn."""
    nodes = [{"id": f"n{number}", "type": "nothing", "config": {"number": number}} for number in range(count)]
    chain = [{"from": f"n{number}", "to": f"n{number + 1}"} for number in range(count - 1)]
    facts: Facts = {}
    for _ in range(3):
        facts.setdefault("bare at once", []).append(await timed(bare_at_once(count)) / count)
        facts.setdefault("nodes at once", []).append(await walk(services, nodes) / count)
        facts.setdefault("bare in sequence", []).append(await timed(bare_in_sequence(count)) / count)
        facts.setdefault("nodes in sequence", []).append(await walk(services, nodes, chain) / count)
    return facts


async def waits(services: Services) -> Facts:
    """Nodes that wait a second each."""
    await walk(services, [{"id": "warm", "type": "wait"}])
    many = [{"id": f"n{number}", "type": "wait", "config": {"number": number}} for number in range(200)]
    body = {"nodes": [{"id": "ask", "type": "wait", "config": {"number": "{{ index }}"}}]}
    config = {"for_each": list(range(1000)), "max_iterations": 1000, "parallel": 200, "body": body}
    return {
        "200 at once": await walk(services, many),
        "1000 iterations": await walk(services, [{"id": "each", "type": "loop", "config": config}]),
    }


async def iterations(services: Services) -> Facts:
    """10,000 iterations with 100 kB each."""
    count = int(os.environ.get("ITERATIONS", "10000"))
    body = {"nodes": [{"id": "make", "type": "large", "config": {"number": "{{ index }}"}}], "output": "{{ index }}"}
    config = {"for_each": list(range(count)), "max_iterations": count, "parallel": 50, "body": body}
    before = resident()
    seconds = await walk(services, [{"id": "each", "type": "loop", "config": config}])
    return {"seconds": seconds, "megabytes before": before, "megabytes at most": peak()}


async def walk(services: Services, nodes: list[Facts], edges: list[Facts] | None = None) -> float:
    """Run a workflow as the flow does, in an execution of its own; return the seconds that its graph took."""
    execution = await admitted(services, nodes, edges or [])
    async with open_execution(services, "", {}, execution, None) as run, node_progress(run) as progress:
        return await timed(run_graph(run, nothing_to_store, progress))


async def admitted(services: Services, nodes: list[Facts], edges: list[Facts]) -> UUID:
    spec = WorkflowSpec.model_validate({"apiVersion": "repomill/v1", "name": "bench", "nodes": nodes, "edges": edges})

    def write(work: Work) -> UUID:
        definition = spec.model_dump(mode="json", by_alias=True)
        digest = f"sha256:{time.time_ns():064x}"
        version = work.workflows.add(Specification("bench", digest, spec.api_version, definition, ""))
        return work.executions.create(NewExecution(version.id, work.projects.get_or_create("bench").id, {})).id

    return await services.database.run(services.scope, write)


async def nothing_to_store() -> None:
    """No node of these writes files."""


async def nothing(node: str) -> Facts:
    return {}


BARE = Task(nothing, name="bare", task_run_name="{node}", persist_result=False, cache_policy=NO_CACHE)


async def bare_at_once(count: int) -> None:
    await asyncio.gather(*(BARE(f"b{number}") for number in range(count)))


async def bare_in_sequence(count: int) -> None:
    for number in range(count):
        await BARE(f"b{number}")


async def timed(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


def resident() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def peak() -> float:
    """Return the most that was ever resident, which Linux keeps."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


MEASUREMENTS: dict[str, Callable[[Services], Awaitable[Facts]]] = {
    "overhead": overhead,
    "waits": waits,
    "iterations": iterations,
}


@flow(name="benchmark", result_storage=RESULT_STORAGE, result_serializer=PLAIN_JSON, persist_result=False)
async def measure(name: str) -> Facts:
    """Measure within a flow run, as nodes and tasks need one."""
    async with flow_services("default") as services:
        return await MEASUREMENTS[name](services)


if __name__ == "__main__":
    known = registered()
    own = {kind.name: kind() for kind in (Nothing, Wait, Large)}
    object.__setattr__(known, "found", {**known.found, **own})  # frozen for everybody else
    print(json.dumps(asyncio.run(measure(sys.argv[1]))))
