"""Walk a plan: start every node that is ready, take up its result, stop well when one fails."""

import asyncio
from collections.abc import Awaitable, Callable

from prefect.logging import get_run_logger

from repomill.errors import NodeFailed, OwnershipLost, RepomillError
from repomill.nodes.registry import kind
from tasks import node_states
from tasks.node_inputs import prepare
from tasks.node_results import load_output
from tasks.run_node import run_node
from tasks.run_state import Run

CANCEL_AGAIN = 5.0
"""Seconds a cancelled node gets to end, which is time enough to store an answer, before it is told again."""

StoreTree = Callable[[], Awaitable[None]]


async def run_graph(
    run: Run, store_tree: StoreTree, *, publish: bool = True, node_ended: Callable[[], None] = lambda: None
) -> None:
    """Run all nodes, independent ones at once.

    When one fails nothing new starts, but what is running may finish: its calls are paid for, and their answers are
    kept. `store_tree` is awaited before each node that needs the finished tree; `node_ended` is called after each node,
    however it ended.

    Raises:
        RepomillError: what the first failing node raised.
    """
    schedule = run.plan.schedule()
    running: dict[asyncio.Task[None], str] = {}
    failures: list[BaseException] = []
    try:
        while schedule.active and not (failures and not running):
            for node in schedule.ready() if not failures else ():
                running[asyncio.create_task(_run_one(run, node, store_tree, publish=publish), name=node)] = node
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                schedule.done(running.pop(task))
                node_ended()
                failures += [error] if (error := task.exception()) else []
    finally:
        await _cancel(running)
    if failures:
        raise failures[0]


async def _run_one(run: Run, node: str, store_tree: StoreTree, *, publish: bool) -> None:
    try:
        if kind(run.spec.node(node).type).publishes:
            if not publish:
                await node_states.skipped(run, node)
                return
            await store_tree()
        await _run_prepared(run, node)
    except OwnershipLost:
        raise  # nothing may be written any more
    except RepomillError as error:
        error.node_path = node
        await node_states.failed(run, node, error)
        raise
    except Exception as error:  # the boundary of foreign code: a node kind may raise anything
        failed = NodeFailed(node, f"{type(error).__name__}: {error}")
        failed.node_path = node
        await node_states.failed(run, node, failed)
        raise failed from error


async def _run_prepared(run: Run, node: str) -> None:
    record, was_cached = await run_node(run, await prepare(run, node))
    run.outputs[node] = await load_output(run, record)
    run.records[node] = record
    await node_states.ended(run, record, was_cached=was_cached)
    get_run_logger().info("%s: %s", run.spec.node(node).title or node, "taken from before" if was_cached else "done")


async def _cancel(running: dict[asyncio.Task[None], str]) -> None:
    """End what still runs, which is only so when this walk itself is cancelled, and wait until it has ended.

    A cancel that came at a moment when a library took it for something else is said again.
    """
    left = set(running)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN)
