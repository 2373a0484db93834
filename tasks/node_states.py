"""Changes of a node's state, row and event together, handed to the run's writer."""

from collections.abc import Mapping
from typing import Any

from repomill.errors import RepomillError
from storage.database.repositories.nodes import NodeChange, NodeOutput
from storage.database.transitions import NodeStatus
from tasks.errors import error_facts
from tasks.level import Level
from tasks.run_state import NodeRecord, Run
from tasks.state_writer import event, now

_HAS_RESULT = (NodeStatus.COMPLETED, NodeStatus.CACHED)
_ENDED = (*_HAS_RESULT, NodeStatus.SKIPPED, NodeStatus.CANCELLED)


def planned(run: Run, level: Level) -> None:
    """The nodes of an iteration are to come."""
    for node in level.plan.order:
        run.writer.put(NodeChange(level.path(node), NodeStatus.PENDING, level.plan.nodes[node].type), None)


def started(run: Run, path: str, key: str, attempt: int) -> None:
    """The node's own code runs now."""
    change = NodeChange(path, NodeStatus.RUNNING, at=now(), node_key=key)
    run.writer.put(change, event("node.started", path, **({"try": attempt} if attempt > 1 else {})))


def ended(run: Run, record: NodeRecord, *, was_cached: bool, told: Mapping[str, Any] | None = None) -> None:
    """The node has its result, of now or of an earlier attempt."""
    output = NodeOutput(
        output_key=record.output_key,
        output_digest=record.output_digest,
        fragment_key=record.fragment_key,
        file_count=record.file_count,
        node_key=record.node_key,
        branches=record.branches,
        is_mocked=record.is_mocked,
    )
    status = NodeStatus.CACHED if was_cached else NodeStatus.COMPLETED
    facts: dict[str, Any] = {"files": record.file_count, **(told or {})}
    facts |= {"branches": list(record.branches)} if record.branches else {}
    facts |= {"mocked": True} if record.is_mocked else {}
    run.writer.put(
        NodeChange(record.node, status, at=now(), output=output), event(f"node.{status.value}", record.node, **facts)
    )


async def failed(run: Run, path: str, error: RepomillError, *, ends_run: bool) -> None:
    """The node ended with an error, perhaps before it ran: what it had of an earlier attempt could not be taken up.

    Where this ends the run, such a result stays for the next attempt.
    """
    told = event("node.failed", path, code=error.code, message=str(error))
    earlier = await _ended_earlier(run, path)
    if earlier in _HAS_RESULT and ends_run:
        run.writer.put(None, told)
    else:
        if earlier is not None:
            run.writer.put(NodeChange(path, NodeStatus.RUNNING, at=now()), None)
        run.writer.put(NodeChange(path, NodeStatus.FAILED, at=now(), error=error_facts(error)), told)
    await run.writer.flush()


async def _ended_earlier(run: Run, path: str) -> NodeStatus | None:
    """Return an end that an earlier attempt left, and that cannot become a failure; None where there is none."""
    await run.writer.flush()
    services, lease = run.services, run.lease
    row = await services.database.run(
        services.scope, lambda work: work.nodes.get(lease.execution_id, path), read_only=True
    )
    return row.status if row is not None and row.status in _ENDED else None


def skipped(run: Run, path: str, reason: str) -> None:
    """The node is not wanted in this run."""
    run.writer.put(NodeChange(path, NodeStatus.SKIPPED, at=now()), event("node.skipped", path, reason=reason))
