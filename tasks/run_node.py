"""The Prefect task of a node instance, made from the kind's declaration."""

from dataclasses import asdict
from typing import Any

from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from repomill.calls.node_calls import NodeCalls
from repomill.errors import CallUnavailable, Retriable
from repomill.nodes.base import Idempotency, NodeContext
from storage.artifacts.keys import task_cache_key
from storage.database.models import NodeExecution
from tasks import node_states
from tasks.node_inputs import NodeCall
from tasks.node_results import store_result
from tasks.run_state import PROJECT_STEP, NodeRecord, Run

RETRY_DELAYS = (1.0, 5.0)
"""Seconds before the second and third try of a node that failed with a `Retriable` error."""

Document = dict[str, Any]


async def run_node(run: Run, call: NodeCall) -> tuple[NodeRecord, bool]:
    """Run a node instance as one Prefect task; the flag tells whether its result is that of an earlier attempt.

    Raises:
        RepomillError: whatever the node's runner raises.
    """
    known = None if call.kind.idempotency is Idempotency.EFFECT else await _known_result(run, call)
    running: Any = _task(run, call, known)(call.node, call.key, return_state=True, wait_for=_predecessors(run, call))
    state: State[Document] = await running
    # A result that Prefect kept may be that of another node which did the same work.
    record = NodeRecord(**(await state.aresult() | {"node": call.node}))
    run.states[call.node] = state
    return record, state.name == "Cached" or known is not None


def _task(run: Run, call: NodeCall, known: NodeRecord | None) -> "Task[[str, str], Any]":
    async def execute(node: str, key: str) -> Document:
        # Prefect takes a cache it cannot read for an empty one; our own record of the result then stands in.
        return asdict(known or await _execute(run, call))

    # No tags: Prefect asks the server for a concurrency slot of every tag, one locking write a task (ADR 0011).
    return Task(
        execute,
        name=call.kind.name,
        description=call.kind.__doc__,
        task_run_name=_name(run, call),
        persist_result=call.kind.idempotency is not Idempotency.EFFECT,
        cache_policy=_cache_policy(run, call),
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=list(RETRY_DELAYS),
        retry_condition_fn=_may_succeed_later,
    )


async def _execute(run: Run, call: NodeCall) -> NodeRecord:
    await node_states.started(run, call.node, call.key)
    context = NodeContext(
        path=call.node,
        scope=call.scope,
        agents=run.agents,
        templates=run.templates,
        exports=run.exports,
        max_file_size=run.services.max_file_size,
        calls=NodeCalls(run.calls, call.node),
        sources=run.sources,
    )
    result = await call.kind.run(call.config, context)
    return await store_result(run, call.node, call.key, result)


async def _known_result(run: Run, call: NodeCall) -> NodeRecord | None:
    """Return what this root execution already has for the very same work."""

    def find(row: NodeExecution | None) -> NodeRecord | None:
        if row is None or row.output_key is None or row.output_digest is None:
            return None
        return NodeRecord(call.node, call.key, row.output_key, row.output_digest, row.fragment_key, row.file_count)

    services = run.services
    return await services.database.run(
        services.scope, lambda work: find(work.nodes.find_result(call.key, run.facts.root_id)), read_only=True
    )


def _predecessors(run: Run, call: NodeCall) -> list[State[Any]]:
    """Return the states the run's graph draws edges from: a publishing node follows the tree, not all its writers."""
    before = (PROJECT_STEP,) if call.kind.publishes else run.plan.predecessors(call.node)
    return [run.states[name] for name in before if name in run.states]


def _cache_policy(run: Run, call: NodeCall) -> CachePolicy:
    if call.kind.idempotency is Idempotency.EFFECT:
        return NO_CACHE
    key = task_cache_key(run.services.scope.organisation_id, run.facts.root_id, call.key)
    return CachePolicy.from_cache_key_fn(lambda _context, _parameters: key)


def _name(run: Run, call: NodeCall) -> str:
    """Return what the Prefect UI shows; braces would be taken for parameters of the task."""
    return (run.spec.node(call.node).title or call.node).replace("{", "(").replace("}", ")")


def _may_succeed_later(_task: "Task[..., Any]", _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether another try makes sense; model calls had all of theirs where they are made."""
    return isinstance(state.data, Retriable) and not isinstance(state.data, CallUnavailable)
