"""Turns of a conversation, in a form that no library owns.

A turn begins with what was asked and ends with the answer; calls of tools and their answers lie between. Only whole
turns are left out, so no call is ever without its answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from repomill.canonical import Json, canonical_json, digest

TURN_FORMAT: Final = 1

BYTES_A_TOKEN: Final = 4
"""An estimate for text in Latin letters; a memory is no place for exact counts, which each model has of its own."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn; `messages` are `{"role": user|assistant|tool, "content": …}`, as in the canonical form of requests.

    `number` is its place in the conversation, 0 for one that has none yet; a summary has that of the last turn it
    stands for.
    """

    messages: tuple[Mapping[str, Any], ...]
    number: int = 0

    @property
    def document(self) -> dict[str, Json]:
        """Return it as JSON to store."""
        return {"format": TURN_FORMAT, "messages": [dict(message) for message in self.messages]}

    @property
    def digest(self) -> str:
        """Return the digest of what was said, wherever it stands."""
        return digest(self.document)

    @property
    def tokens(self) -> int:
        """Return about how many tokens it takes."""
        return len(canonical_json(self.document)) // BYTES_A_TOKEN + 1

    @classmethod
    def of(cls, document: Mapping[str, Any], number: int = 0) -> Self:
        """Take it from what was stored."""
        return cls(tuple(document["messages"]), number)


def newest(tokens: Sequence[int], max_tokens: int) -> int:
    """Return how many of the newest turns fit together; `tokens` are those of all turns, oldest first."""
    kept = 0
    for size in reversed(tokens):
        max_tokens -= size
        if max_tokens < 0:
            break
        kept += 1
    return kept
