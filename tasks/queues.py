"""The queues of a workflow's sources."""

from collections.abc import Mapping

from repomill.calls.queues import QueueLimits
from repomill.workflow.spec import SourceSpec, WorkflowSpec


def queues_of(spec: WorkflowSpec) -> Mapping[str, QueueLimits]:
    """Return each source's queue; one that names none shares at least the pauses of all that use its block."""
    return {name: _queue(spec, source) for name, source in spec.sources.items()}


def _queue(spec: WorkflowSpec, source: SourceSpec) -> QueueLimits:
    limits = spec.queues.get(source.queue or "")
    if limits is None:
        return QueueLimits(f"source {source.kind.value}/{source.block}")
    paces = (limits.requests_per_minute, limits.tokens_per_minute)
    return QueueLimits(f"queue {source.queue}", limits.concurrency, *paces)
