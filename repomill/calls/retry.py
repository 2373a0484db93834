"""How often and how long a call is tried again; the provider SDK's own retries are off."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

_MOST_DOUBLINGS: Final = 30
"""Whoever is asked too fast is asked again without end; 2**1024 is no float."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` counts the first one too; delays are in seconds and double from `base` up to `ceiling`.

    A delay the other side names is honoured as it is up to `patience`; a longer one ends the attempts, so that the
    caller may put the work aside.
    """

    attempts: int = 5
    base: float = 0.5
    ceiling: float = 30.0
    patience: float = 120.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random

    def delay(self, attempt: int, named: float = 0.0) -> float:
        """Return the wait after the attempt-th try: the named one, else exponential with up to half of it at random."""
        if named > 0:
            return named
        doubled = self.base * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
        return min(self.ceiling, doubled) * (1 - self.jitter() / 2)

    def gives_up(self, attempt: int, named: float = 0.0) -> bool:
        """Tell whether the attempt-th try was the last."""
        return attempt >= self.attempts or named > self.patience
