"""Changes of a node's state: row and event in one transaction, refused once another process owns the execution."""

from typing import Any

from repomill.errors import RepomillError
from storage.database.repositories.nodes import NodeOutput
from storage.database.work import Work
from tasks.errors import error_facts
from tasks.run_state import NodeRecord, Run


async def started(run: Run, node: str, key: str) -> None:
    """The node's own code runs now."""

    def write(work: Work) -> None:
        work.nodes.start(run.lease, node, key)
        _event(work, run, "node.started", node, {})

    await run.services.database.run(run.services.scope, write)


async def ended(run: Run, record: NodeRecord, *, was_cached: bool) -> None:
    """The node has its result, of now or of an earlier attempt."""
    output = NodeOutput(
        output_key=record.output_key,
        output_digest=record.output_digest,
        fragment_key=record.fragment_key,
        file_count=record.file_count,
        node_key=record.node_key,
    )

    def write(work: Work) -> None:
        end = work.nodes.cached if was_cached else work.nodes.complete
        end(run.lease, record.node, output)
        kind = "node.cached" if was_cached else "node.completed"
        _event(work, run, kind, record.node, {"files": record.file_count})

    await run.services.database.run(run.services.scope, write)


async def failed(run: Run, node: str, error: RepomillError) -> None:
    """The node ended with an error."""

    def write(work: Work) -> None:
        work.nodes.fail(run.lease, node, error_facts(error))
        _event(work, run, "node.failed", node, {"code": error.code, "message": str(error)})

    await run.services.database.run(run.services.scope, write)


async def skipped(run: Run, node: str) -> None:
    """The node is not wanted in this run."""

    def write(work: Work) -> None:
        work.nodes.skip(run.lease, node)
        _event(work, run, "node.skipped", node, {})

    await run.services.database.run(run.services.scope, write)


def _event(work: Work, run: Run, kind: str, node: str, payload: dict[str, Any]) -> None:
    work.events.append(run.facts.id, kind, node, payload)
