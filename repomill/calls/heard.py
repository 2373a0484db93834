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

_Place = tuple[int, ChunkKind]
"""A part of an answer."""


@dataclass
class Batches:
    """Joins pieces of one answer and hands them on masked; the first at once, `close` what is left.

    A secret that is split over pieces is seen, also where pieces of other parts come between: the end of a part that
    may belong to one waits for what follows in that part, or for the end of the answer.
    """

    masker: Masker
    tell: Listener
    clock: Callable[[], float] = time.monotonic
    _left: dict[_Place, Chunk] = field(default_factory=dict, repr=False)
    _last: _Place | None = field(default=None, repr=False)
    _told_at: float = field(default=float("-inf"), repr=False)
    _new: int = field(default=0, repr=False)
    """Characters that nobody looked at yet: text that is held back for long is not looked at again for each piece."""

    def __call__(self, chunk: Chunk) -> None:
        """Take a piece."""
        place = chunk.part, chunk.kind
        if self._last != place:
            self._tell(self._last)
        self._last = place
        left = self._left.get(place, Chunk(chunk.kind, chunk.part, ""))
        now = Chunk(chunk.kind, chunk.part, left.text + chunk.text, left.tool or chunk.tool)
        self._left[place] = now
        self._new += len(chunk.text)
        if self._new >= CHARACTERS or self.clock() - self._told_at >= SECONDS:
            self._tell(place)

    def close(self) -> None:
        """Hand on what is left of all parts: nothing follows."""
        for place in list(self._left):
            self._tell(place, whole=True)

    def _tell(self, place: _Place | None, *, whole: bool = False) -> None:
        if place is None or place not in self._left:
            return
        chunk = self._left.pop(place)
        settled = len(chunk.text) if whole else self.masker.settled(chunk.text)
        shown, rest = self.masker.text(chunk.text[:settled]), chunk.text[settled:]
        if shown or chunk.tool:
            self.tell(Chunk(chunk.kind, chunk.part, shown, chunk.tool))
        self._told_at, self._new = self.clock(), 0
        if rest:
            self._left[place] = Chunk(chunk.kind, chunk.part, rest)


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
