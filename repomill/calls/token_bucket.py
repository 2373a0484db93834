"""The tokens of a queue that may go out in a minute, as a bucket that all processes share."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from repomill.calls.queues import LOOK_AGAIN

MINUTE: Final = 60.0

LONGEST_WAIT: Final = 1.0
"""Seconds; calls that end give back what they did not use, so who waits looks again before what it was told is over."""

CLAIM: Final = 2.0
"""Seconds beyond its wait for which the first in line keeps its place; one that died does not come back for it."""

INSTANT: Final = 0.001
"""Seconds that are no wait."""


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """Holds a minute's tokens and fills evenly; `full_at` is when it is full again, in seconds.

    Nobody takes tokens while another one, who came first, waits for enough: a large call would never find them.
    """

    full_at: float = 0.0
    first: UUID | None = None
    first_until: float = 0.0

    def take(self, tokens: int, limit: int, holder: UUID, now: float) -> tuple["TokenBucket", float]:
        """Return the bucket without the tokens, or as it is with the seconds after which to try again."""
        full_at = max(now, self.full_at) + MINUTE * tokens / limit
        wait = min(full_at - MINUTE - now, LONGEST_WAIT)
        if self.first not in {None, holder} and self.first_until > now:
            return self, max(wait, LOOK_AGAIN)
        if wait > INSTANT:
            return replace(self, first=holder, first_until=now + wait + CLAIM), wait
        return TokenBucket(full_at), 0.0

    def give_back(self, tokens: int, limit: int) -> "TokenBucket":
        """Return the bucket with tokens that were taken and not used."""
        return replace(self, full_at=self.full_at - MINUTE * tokens / limit)
