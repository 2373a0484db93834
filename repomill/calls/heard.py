"""What is heard of an answer while it comes: pieces of text, joined by time and size, without secrets.

What is heard is for people who watch; what is kept is the whole answer, in the ledger.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from repomill.calls.ledger import CallKey
from repomill.masking import Masker

SECONDS: Final = 0.25
CHARACTERS: Final = 2000
"""What is joined into one piece at most; tokens come several hundred a second."""


class ChunkKind(StrEnum):
    """What a piece is part of."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    """Arguments of a tool call, as JSON that grows; structured output is one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of part number `part` of an answer; `tool` is set in the first piece of a tool call."""

    kind: ChunkKind
    part: int
    text: str
    tool: str = ""


Listener = Callable[[Chunk], None]


@dataclass
class Batches:
    """Joins pieces of one answer and hands them on masked; the first at once, `close` what is left.

    A secret that is split over pieces is seen: the end of the text that could begin one waits for what follows.
    """

    masker: Masker
    tell: Listener
    clock: Callable[[], float] = time.monotonic
    _now: Chunk | None = field(default=None, repr=False)
    _told_at: float = field(default=float("-inf"), repr=False)

    def __call__(self, chunk: Chunk) -> None:
        """Take a piece."""
        if self._now is not None and (self._now.part, self._now.kind) != (chunk.part, chunk.kind):
            self.close()
        before = self._now or Chunk(chunk.kind, chunk.part, "", chunk.tool)
        self._now = Chunk(chunk.kind, chunk.part, before.text + chunk.text, before.tool)
        if len(self._now.text) >= CHARACTERS or self.clock() - self._told_at >= SECONDS:
            self._tell(whole=False)

    def close(self) -> None:
        """Hand on what is left of a part: nothing follows in it."""
        if self._now is not None:
            self._tell(whole=True)
            self._now = None

    def _tell(self, *, whole: bool) -> None:
        assert self._now is not None  # noqa: S101  # both callers look
        chunk, masked = self._now, self.masker.text(self._now.text)
        held = 0 if whole else self.masker.unfinished(masked)
        shown = masked[: len(masked) - held]
        if shown or chunk.tool:
            self.tell(Chunk(chunk.kind, chunk.part, shown, chunk.tool))
            self._told_at = self.clock()
            self._now = Chunk(chunk.kind, chunk.part, masked[len(shown) :])


Hear = Callable[[CallKey], Batches]
"""Gives what hears the answer to a call."""


@contextmanager
def heard(hear: Hear | None, key: CallKey) -> Iterator[Batches | None]:
    """Hear one answer; what was held back is handed on at the end, also of an answer that was cut."""
    if hear is None:
        yield None
        return
    listener = hear(key)
    try:
        yield listener
    finally:
        listener.close()
