"""Progress of model calls as events of the execution, written beside the run and never in its way."""

import asyncio
from typing import Any
from uuid import UUID

from repomill.calls.progress import CallProgress, CallStep
from repomill.errors import RepomillError
from tasks.services import Services

TOLD = frozenset({CallStep.ANSWERED, CallStep.WAITING})
"""Steps people want to see; the others show in the states of nodes."""


class CallEvents:
    """Writes events in the background; leave the block to wait for the last ones."""

    def __init__(self, services: Services, execution_id: UUID) -> None:
        self._services = services
        self._execution_id = execution_id
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "CallEvents":
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)

    def __call__(self, progress: CallProgress) -> None:
        """Take note of one step of one call."""
        if progress.step in TOLD:
            writing = asyncio.create_task(self._write(progress))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def _write(self, progress: CallProgress) -> None:
        payload = _payload(progress)
        kind = f"call.{progress.step.value}"
        try:
            await self._services.database.run(
                self._services.scope,
                lambda work: work.events.append(self._execution_id, kind, progress.key.node_path, payload),
            )
        except RepomillError:
            return  # a lost line of progress costs nothing; the ledger holds what counts


def _payload(progress: CallProgress) -> dict[str, Any]:
    facts: dict[str, Any] = {"call": progress.key.ordinal}
    if progress.usage is not None:
        facts |= {"tokens_in": progress.usage.input_tokens, "tokens_out": progress.usage.output_tokens}
    if progress.delay:
        facts["seconds"] = round(progress.delay, 1)
    return facts | ({"reason": progress.detail} if progress.detail else {})
