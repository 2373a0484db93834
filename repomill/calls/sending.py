"""Sending one call: what comes of it, in terms that every kind of call shares."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from repomill.calls.ledger import Usage
from repomill.canonical import Json


@dataclass
class Refused(Exception):
    """The other side refused for good; nothing is owed. `status` is 0 where there is none."""

    status: int
    reason: str


@dataclass
class TryAgain(Exception):
    """Nothing was done and nothing is owed; `delay` is what the other side named, in seconds, 0 when nothing.

    `too_fast` says that it was asked more often than it allows (429): everybody who asks it slows down, and the call is
    made again however long that takes.
    """

    reason: str
    delay: float = 0.0
    too_fast: bool = False


@dataclass
class AnswerLost(Exception):
    """The request went out and no usable answer came back: it may have been charged, or have had its effect."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A stored response; `usage.cost` counts what this very call cost now, 0 when it was not sent.

    `rest` is how long the other side wants to be left alone, in seconds, by what it said of its limits.
    """

    response: Json
    usage: Usage
    rest: float = 0.0


Send = Callable[[], Awaitable[Answered]]
"""Carries a call out once: gives its answer, or raises `Refused`, `TryAgain` or `AnswerLost`.

A `RepomillError` of its own says that nothing was sent; it ends the call, and a later attempt may make it.
"""
