"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Callable


def wait_until(predicate: Callable[[], object], seconds: float = 20) -> None:
    """Return once the predicate is true.

    Raises:
        TimeoutError: it was not within the time.
    """
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s: {predicate}")
        time.sleep(0.05)
