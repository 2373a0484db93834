"""Walk a plan: start every node that is ready, take up its result, stop well when one fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from repomill.errors import Cancelled, NodeFailed, OwnershipLost, RepomillError
from repomill.nodes.registry import kind
from repomill.workflow import node_views
from repomill.workflow.schedule import Schedule
from repomill.workflow.spec import OnError
from tasks import node_states
from tasks.level import Level
from tasks.node_inputs import is_wanted
from tasks.run_loop import run_loop
from tasks.run_node import Ended, call_of, run_node
from tasks.run_state import Run

CANCEL_AGAIN = 5.0
"""Seconds a cancelled node gets to end, which is time enough to store an answer, before it is told again."""

StoreTree = Callable[[], Awaitable[None]]


class Progress(Protocol):
    """Port: counts node instances."""

    def planned(self, count: int) -> None:
        """So many more are to come."""

    def ended(self) -> None:
        """One has ended, however it did."""


async def run_graph(run: Run, store_tree: StoreTree, progress: Progress, *, publish: bool = True) -> None:
    """Run all nodes, independent ones at once.

    When one fails for good nothing new starts, in loops beside it neither, but what is running may finish: its calls
    are paid for, and their answers are kept. `store_tree` is awaited before each node that needs the finished tree.

    Raises:
        RepomillError: what the first failing node raised.
    """
    await _Walk(run, store_tree, progress, publish).walk(run.top)
    await run.writer.flush()


@dataclass(frozen=True, slots=True)
class _Walk:
    run: Run
    store_tree: StoreTree
    progress: Progress
    publish: bool

    async def walk(self, level: Level) -> None:
        """Run the nodes of the workflow, or of one iteration.

        Raises:
            Cancelled: nodes are left that were not to start any more, since one around this iteration failed for good.
            RepomillError: what the first failing node raised.
        """
        schedule = level.plan.schedule()
        self.progress.planned(len(level.plan.nodes))
        running: dict[asyncio.Task[Ended], str] = {}
        over: asyncio.Queue[asyncio.Task[Ended]] = asyncio.Queue()
        failures: list[BaseException] = []
        try:
            while schedule.active and (running or not level.is_ending):
                for node in schedule.ready() if not level.is_ending else ():
                    task = asyncio.create_task(self._run_one(level, node), name=level.path(node))
                    task.add_done_callback(over.put_nowait)
                    running[task] = node
                ended = await over.get()
                node = running.pop(ended)
                failures += [error] if (error := ended.exception()) else self._resolve(level, schedule, node, ended)
                level.has_failed = bool(failures)
        finally:
            await _cancel(running)
        if failures:
            raise failures[0]
        if schedule.active:
            raise Cancelled

    def _resolve(self, level: Level, schedule: Schedule, node: str, ended: asyncio.Task[Ended]) -> tuple[()]:
        """Tell the schedule how a node ended that the run goes on after."""
        result = ended.result()
        level.views[node] = result.view
        level.is_fresh = level.is_fresh or result.is_fresh
        match result.view["status"]:
            case node_views.SKIPPED:
                schedule.skip(node)
            case node_views.FAILED:
                schedule.failed(node)
            case _:
                schedule.done(node, result.branches)
        for pruned in schedule.pruned():
            level.views[pruned] = node_views.skipped()
            node_states.skipped(self.run, level.path(pruned), "no branch led to it")
            self.progress.ended()
        return ()

    async def _run_one(self, level: Level, node: str) -> Ended:
        try:
            return await self._run(level, node)
        except (OwnershipLost, Cancelled):
            raise  # nothing may be written any more, or nothing more is wanted
        except RepomillError as error:
            return await self._failed(level, node, error)
        except Exception as error:  # noqa: BLE001  # the boundary of foreign code: a node kind may raise anything
            failure = NodeFailed(level.path(node), f"{type(error).__name__}: {error}")
            failure.__cause__ = error
            return await self._failed(level, node, failure)
        finally:
            self.run.writer.over(level.path(node))
            self.progress.ended()

    async def _run(self, level: Level, node: str) -> Ended:
        if not await is_wanted(self.run, level, node):
            return self._skipped(level, node, "its `when` is false")
        call_kind = kind(level.plan.nodes[node].type)
        if not call_kind.only_computes:
            await self.run.writer.results()
        if call_kind.publishes:
            if not self.publish:
                return self._skipped(level, node, "nothing is published in this run")
            await self.store_tree()
        async with self._gate(level, node):
            call = await call_of(self.run, level, node)
            if node in level.plan.bodies and not call.is_mocked:
                return await run_loop(self.run, level, node, call, self.walk)
            return await run_node(self.run, level, node, call)

    def _skipped(self, level: Level, node: str, reason: str) -> Ended:
        node_states.skipped(self.run, level.path(node), reason)
        return Ended(node_views.skipped())

    async def _failed(self, level: Level, node: str, error: RepomillError) -> Ended:
        """Write it down; whether the run goes on is for the node to say."""
        error.node_path = error.node_path or level.path(node)  # that of a loop's body stays
        ends_run = level.plan.nodes[node].on_error is OnError.FAIL
        await node_states.failed(self.run, level.path(node), error, ends_run=ends_run)
        if ends_run:
            raise error
        return Ended(node_views.failed(error.code, str(error)), is_fresh=True)

    def _gate(self, level: Level, node: str) -> AbstractAsyncContextManager[None]:
        """Bound the instances of a node that run at once."""
        bound = level.plan.nodes[node].concurrency
        return nullcontext() if bound is None else self._bounded(level, node, bound)

    @asynccontextmanager
    async def _bounded(self, level: Level, node: str, bound: int) -> AsyncIterator[None]:
        """Wait until fewer run; raises `Cancelled` where nothing new may start by then."""
        async with self.run.gates.setdefault((*level.ids, node), asyncio.Semaphore(bound)):
            if level.is_ending:
                raise Cancelled
            yield


async def _cancel(running: dict[asyncio.Task[Ended], str]) -> None:
    """End what still runs, which is only so when this walk itself is cancelled, and wait until it has ended.

    A cancel that came at a moment when a library took it for something else is said again.
    """
    left = set(running)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN)
