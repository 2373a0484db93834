"""What is told about calls while they happen; a callback turns it into log lines, events or a progress display."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from repomill.calls.ledger import CallKey, Usage


class CallStep(StrEnum):
    """What just happened to a call."""

    SENT = "sent"
    ANSWERED = "answered"
    REUSED = "reused"
    """The ledger of this execution had the answer."""
    REPLAYED = "replayed"
    """A recording had the answer."""
    WAITING = "waiting"
    """The provider asked for patience or could not be reached; `detail` says why, `delay` how long, in seconds."""


@dataclass(frozen=True, slots=True)
class CallProgress:
    """One thing that happened to one call."""

    key: CallKey
    step: CallStep
    detail: str = ""
    delay: float = 0.0
    usage: Usage | None = None


Progress = Callable[[CallProgress], None]


def unheard(_: CallProgress) -> None:
    """Listen to nothing."""
