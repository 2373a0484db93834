"""The queues of a workflow's sources."""

from collections.abc import Mapping
from typing import Any

from repomill.agents.source import EndpointSource
from repomill.calls.queues import QueueLimits
from repomill.workflow.spec import SourceSpec, WorkflowSpec


def queues_of(spec: WorkflowSpec, found: Mapping[str, Any]) -> Mapping[str, QueueLimits]:
    """Return each source's queue, with the limits of the workflow or, where it names none, of the block that was found.

    All that use one block without a queue share its limits and pauses.
    """
    return {name: _queue(spec, source, found.get(name)) for name, source in spec.sources.items()}


def _queue(spec: WorkflowSpec, source: SourceSpec, found: Any) -> QueueLimits:
    stated = spec.queues.get(source.queue or "")
    if stated is not None:
        paces = (stated.requests_per_minute, stated.tokens_per_minute)
        return QueueLimits(f"queue {source.queue}", stated.concurrency, *paces)
    name = f"source {source.kind.value}/{source.block}"
    if not isinstance(found, EndpointSource):
        return QueueLimits(name)
    return QueueLimits(name, found.concurrency, found.requests_per_minute, found.tokens_per_minute)
