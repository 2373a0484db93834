"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Callable

# A machine that tests beside other work can be many times slower than the one they were written on.
PATIENCE = 180.0


def wait_until(predicate: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return once the predicate is true; the seconds are a guard against waiting for ever, not a promise.

    Raises:
        TimeoutError: it was not within the time.
    """
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s: {predicate}")
        time.sleep(0.05)
