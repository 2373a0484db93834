"""Progress of calls as events of the execution, written beside the run and never in its way."""

from typing import Any

from repomill.calls.progress import CallProgress, CallStep
from tasks.state_writer import StateWriter, event

TOLD = frozenset({CallStep.ANSWERED, CallStep.WAITING})
"""Steps people want to see; the others show in the states of nodes."""


class CallEvents:
    """Hands events on to the writer of the run."""

    def __init__(self, writer: StateWriter) -> None:
        self._writer = writer

    def __call__(self, progress: CallProgress) -> None:
        """Take note of one step of one call."""
        if progress.step in TOLD:
            self._writer.put(None, event(f"call.{progress.step.value}", progress.key.node_path, **_payload(progress)))


def _payload(progress: CallProgress) -> dict[str, Any]:
    facts: dict[str, Any] = {"call": progress.key.ordinal}
    if progress.usage is not None:
        facts |= {"tokens_in": progress.usage.input_tokens, "tokens_out": progress.usage.output_tokens}
    if progress.delay:
        facts["seconds"] = round(progress.delay, 1)
    return facts | ({"reason": progress.detail} if progress.detail else {})
