"""A node with a body: its runner drives iterations, each a walk over the body; then one task run collects."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from repomill.canonical import Json
from repomill.errors import Cancelled, RepomillError
from repomill.nodes.base import NodeResult
from repomill.nodes.registry import kind
from repomill.workflow.expressions import render_value
from tasks import node_states
from tasks.level import Level, recent_states
from tasks.node_inputs import NodeCall
from tasks.node_results import store_result
from tasks.retries import may_retry, waits
from tasks.run_node import Ended, context_of, instance_of, taken_up, time_bound
from tasks.run_state import Run
from tasks.task_runs import Result

Walk = Callable[[Level], Awaitable[None]]


class LoopBody:
    """The `Body` port of one loop instance."""

    def __init__(self, run: Run, level: Level, node: str, walk: Walk) -> None:
        self._run = run
        self._level = level
        self._node = node
        self._walk = walk
        self._outside = run.scope(level, node)["nodes"]
        self._before = level.states_before(level.plan.predecessors(node))
        self._recent = recent_states()
        self.is_fresh = False
        """Whether a node of any iteration ran in this attempt."""

    async def iterate(self, index: int, names: Mapping[str, Json]) -> Json:
        """Run the body once; what its nodes gave is forgotten but for what the iteration gives.

        Raises:
            Cancelled: a node beside the loop, or beside one around it, failed for good.
            RepomillError: what the first failing node of the body raised.
        """
        if self._level.is_ending:
            raise Cancelled
        inner = Level(
            plan=self._level.plan.body(self._node),
            loop=self._level.path(self._node),
            index=index,
            ids=(*self._level.ids, self._node),
            names={**self._level.names, **names},
            outside=self._outside,
            before=self._before,
            around=self._level,
        )
        self._run.writer.check()
        node_states.planned(self._run, inner)
        try:
            await self._walk(inner)
        finally:
            self._recent.extend(inner.last_states())
            self.is_fresh = self.is_fresh or inner.is_fresh
        if not kind(self._level.plan.nodes[self._node].type).only_computes:
            await self._run.writer.results()
        return await self._output(inner)

    def states(self) -> list[Any]:
        """Return what the task run that collects follows: the newest of the iterations, else what the loop follows."""
        return list(self._recent) or self._before

    async def _output(self, inner: Level) -> Json:
        expression = inner.plan.output
        if expression is not None:
            place = f"node {inner.loop}[{inner.index}]/output"
            return await asyncio.to_thread(render_value, expression, self._run.whole_scope(inner), place)
        given = {node: inner.views[node]["output"] for node in inner.plan.last}
        return given[inner.plan.last[0]] if len(given) == 1 else given


async def run_loop(run: Run, level: Level, node: str, call: NodeCall, walk: Walk) -> Ended:
    """Drive the loop outside of any task run, since its body's nodes are task runs; then collect what it gave in one.

    The loop's own result is never taken instead of running: its iterations look each for theirs.

    Raises:
        RepomillError: whatever the loop's runner raises, as a rule the failure of a node of its body.
    """
    body = LoopBody(run, level, node, walk)
    result = await _driven(run, call, body)

    async def collect() -> Result:
        known = run.known.get(call.key)
        stored = await store_result(run, call.path, call.key, result, is_computed=call.kind.only_computes)
        record = replace(stored, branches=result.branches)
        was_known = known is not None and known.output_digest == record.output_digest and not body.is_fresh
        return Result(asdict(record), is_known=was_known)

    collected, state = await run.task_runs.run(instance_of(call, level, body.states(), retries=False), collect)
    level.states[node] = state
    return await taken_up(run, call, collected, is_loop=True)


async def _driven(run: Run, call: NodeCall, body: LoopBody) -> NodeResult:
    """Run the kind's own code, again after failures of its own: a node of the body had its tries where it stands."""
    retry = call.spec.retry
    for attempt, delay in enumerate([*waits(retry), None], 1):
        node_states.started(run, call.path, call.key, attempt)
        try:
            async with time_bound(call):
                return await call.kind.run(call.config, context_of(run, call, body))
        except Exception as error:  # the boundary of foreign code: a node kind may raise anything
            if delay is None or _is_of_the_body(error) or not may_retry(error, retry):
                raise
            await asyncio.sleep(delay * (1 + retry.jitter * random.random()))  # noqa: S311  # spreads tries, no secret
    raise AssertionError("the last try returns or raises")


def _is_of_the_body(error: Exception) -> bool:
    return isinstance(error, RepomillError) and bool(error.node_path)
