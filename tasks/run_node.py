"""One node instance: the task run it is, what stands for it when it ran before, and how one try goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any

from repomill.calls.node_calls import NodeCalls
from repomill.errors import NodeTimeout
from repomill.nodes.base import Idempotency, NodeContext, NodeResult
from repomill.nodes.ports import NO_BODY, Body
from repomill.trees.tree import TreeFile
from repomill.workflow.node_views import View, completed
from repomill.workflow.spec import Reuse
from storage.artifacts.keys import task_cache_key
from storage.database.models import NodeExecution
from tasks import node_states
from tasks.level import Level
from tasks.node_files import StoredNodeFiles
from tasks.node_inputs import NodeCall, prepare, prepare_mock
from tasks.node_results import load_output, store_result
from tasks.run_state import PROJECT_STEP, NodeRecord, Run
from tasks.task_runs import Instance, Result


@dataclass(frozen=True, slots=True)
class Ended:
    """How a node instance ended: what others see of it, and the branches it chose."""

    view: View
    branches: tuple[str, ...] | None = None
    is_fresh: bool = False
    """Whether its own code ran in this attempt."""


async def call_of(run: Run, level: Level, node: str) -> NodeCall:
    """Return what is to be done: the node's work, or its fixed answer in a run with mocks."""
    if run.facts.use_mocks and level.plan.nodes[node].mock is not None:
        return prepare_mock(run, level, node)
    return await prepare(run, level, node)


async def run_node(run: Run, level: Level, node: str, call: NodeCall) -> Ended:
    """Run a node instance as one task run.

    Raises:
        RepomillError: whatever the node's runner raises.
    """
    known = await _known_result(run, call)
    tries = count(1)

    async def work() -> Result:
        if known is not None:
            return Result(asdict(known), is_known=True)
        return Result(asdict(await _execute(run, call, next(tries))))

    cache_key = _cache_key(run, call)
    before = (PROJECT_STEP,) if call.kind.publishes else level.plan.predecessors(node)
    after = level.states_before(before)
    result, state = await run.task_runs.run(instance_of(call, level, after, cache_key=cache_key), work)
    level.states[node] = state
    return await taken_up(run, call, result)


async def taken_up(run: Run, call: NodeCall, result: Result, *, is_loop: bool = False) -> Ended:
    """Make a result known, to the database first: what asks or changes something may only start from what is kept.

    What was only computed may be followed by more of its kind before that: at worst it is all computed again.
    """
    record = NodeRecord.of(result.document, call.path)
    was_cached = result.is_known
    output = await load_output(run, record)
    run.take_up(record)
    told = _iterations(output) if is_loop else None
    node_states.ended(run, record, was_cached=was_cached, told=told)
    await (run.writer.room() if call.kind.only_computes else run.writer.flush())
    return Ended(completed(output), record.branches, is_fresh=not was_cached)


def _iterations(output: Any) -> dict[str, Any]:
    """What people are told of a loop: that some iterations failed would else show in its output only."""
    facts = output if isinstance(output, dict) else {}  # a fixed answer may be anything
    return {"iterations": facts.get("count"), "failed": facts.get("failed")}


def instance_of(
    call: NodeCall, level: Level, after: list[object], *, cache_key: str = "", retries: bool = True
) -> Instance:
    """Describe the task run of a node instance."""
    title = call.spec.title or call.path
    if call.spec.title and level.loop:
        title = f"{call.spec.title} ({call.path})"
    return Instance(call.kind, call.spec, call.path, call.key, title, after, cache_key, retries)


def context_of(run: Run, call: NodeCall, body: Body = NO_BODY) -> NodeContext:
    """Return what the node's runner may use."""
    return NodeContext(
        path=call.path,
        scope=call.scope,
        agents=run.agents,
        templates=run.templates,
        exports=run.exports,
        max_file_size=run.services.max_file_size,
        body=body,
        calls=NodeCalls(run.calls, call.path),
        sources=run.sources,
        databases=run.databases,
        input_files=run.input_files,
        http=run.http,
        node_files=StoredNodeFiles(run, call.path, call.spec.id, call.scope),
        conversation=call.conversation,
    )


@asynccontextmanager
async def time_bound(call: NodeCall) -> AsyncIterator[None]:
    """Bound one try; raises `NodeTimeout`."""
    try:
        async with asyncio.timeout(call.spec.timeout) as bound:
            yield
    except TimeoutError as error:
        if bound.expired() and call.spec.timeout is not None:
            raise NodeTimeout(call.path, call.spec.timeout) from error
        raise  # a time-out of the node's own


async def _execute(run: Run, call: NodeCall, attempt: int) -> NodeRecord:
    node_states.started(run, call.path, call.key, attempt)
    async with time_bound(call):
        result = mocked_result(call) if call.is_mocked else await call.kind.run(call.config, context_of(run, call))
        record = await store_result(run, call.path, call.key, result, is_computed=call.kind.only_computes)
    return replace(record, branches=result.branches, is_mocked=call.is_mocked)


def mocked_result(call: NodeCall) -> NodeResult:
    """Return a node's fixed answer; that of a kind with branches may name those it takes, under `branches`."""
    mock = call.spec.mock
    assert mock is not None  # noqa: S101  # that is what makes it mocked
    files = tuple(TreeFile(file.path, file.content.encode()) for file in mock.files)
    named = mock.output.get("branches") if isinstance(mock.output, dict) else None
    branches = tuple(map(str, named)) if isinstance(named, list) else None
    return NodeResult(mock.output, files, branches)


def _is_reusable(call: NodeCall) -> bool:
    return call.kind.idempotency is not Idempotency.EFFECT and call.spec.reuse is not Reuse.NEVER


async def _known_result(run: Run, call: NodeCall) -> NodeRecord | None:
    """Return what is there already for the very same work: of this root execution, or of any where that will do."""
    if not _is_reusable(call):
        return None
    known = run.known.get(call.key)
    if known is None and call.spec.reuse is Reuse.ALWAYS:
        known = await _shared_result(run, call)
    return None if known is None else replace(known, node=call.path)


async def _shared_result(run: Run, call: NodeCall) -> NodeRecord | None:
    """Look through the organisation; a result whose payload was removed meanwhile is none."""
    services = run.services
    row = await services.database.run(services.scope, lambda work: work.nodes.find_result(call.key), read_only=True)
    record = None if row is None else record_of(row)
    if record is None:
        return None
    objects = [record.output_key, *([record.fragment_key] if record.fragment_key else [])]
    return record if all([await services.store.exists(key) for key in objects]) else None


def record_of(row: NodeExecution) -> NodeRecord | None:
    """Return the record that a row holds, None where it has none."""
    if row.output_key is None or row.output_digest is None or row.node_key is None:
        return None
    return NodeRecord(
        node=row.node_path,
        node_key=row.node_key,
        output_key=row.output_key,
        output_digest=row.output_digest,
        fragment_key=row.fragment_key,
        file_count=row.file_count,
        branches=None if row.branches is None else tuple(row.branches),
        is_mocked=row.is_mocked,
    )


def _cache_key(run: Run, call: NodeCall) -> str:
    """Name Prefect's copy of a result that was paid for; work that only computes is not worth two more requests."""
    if not _is_reusable(call) or call.is_mocked or call.kind.only_computes:
        return ""
    return task_cache_key(run.services.scope.organisation_id, run.facts.root_id, call.key)
