"""Errors of calls, whatever they ask, and of their recordings."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, Retriable, UserActionRequired


@dataclass(eq=False)
class RecordingMissing(Fatal):
    """Strict mode met a call that was never recorded; `difference` names the fields that differ from the nearest."""

    node: str
    ordinal: int
    difference: str
    code: ClassVar[str] = "recording_missing"
    message: ClassVar[str] = "Node {node}, call {ordinal}: there is no recording of this request. {difference}"
    hint: ClassVar[str] = "Run in mode live or replay to record it."


@dataclass(eq=False)
class RecordingUnreadable(BadInput):
    """A recording file is not what the ledger writes."""

    path: str
    reason: str
    code: ClassVar[str] = "recording_unreadable"
    message: ClassVar[str] = "Recording {path} cannot be used: {reason}."
    hint: ClassVar[str] = "Delete the file and record again in mode live."


@dataclass(eq=False)
class CallRefused(UserActionRequired):
    """The other side refused the request for good: a wrong key, address, model or request."""

    source: str
    status: int
    reason: str
    code: ClassVar[str] = "call_refused"
    message: ClassVar[str] = "Source {source} answered {status}: {reason}"
    hint: ClassVar[str] = "Check the address and the key of the source's block, and what the node asks for."


@dataclass(eq=False)
class CallUnavailable(Retriable):
    """The other side could not be reached or asked for patience."""

    source: str
    reason: str
    code: ClassVar[str] = "call_unavailable"
    message: ClassVar[str] = "Source {source} does not answer: {reason}"
    hint: ClassVar[str] = "Resume later; answers that came are kept."


@dataclass(eq=False)
class CallUncertain(UserActionRequired):
    """The answer to a call was lost, and sending it once more could do or cost the same twice."""

    node: str
    ordinal: int
    sends: str
    code: ClassVar[str] = "call_uncertain"
    message: ClassVar[str] = "Node {node}, call {ordinal} was sent {sends} and no answer was stored; it is charged."
    hint: ClassVar[str] = "Look at the other side's own log, then change the node or start a new execution."
