"""When a part that ended may start again."""

SHORTEST = 0.5
LONGEST = 30.0
"""Seconds between two starts of a part that keeps ending."""
STEADY_AFTER = 60.0
"""A part that ran this many seconds counts as healthy: its next end is the first again."""


class Restarts:
    """Doubles the wait each time a part ends soon after its start; never gives up, never spins."""

    def __init__(self) -> None:
        self._wait = SHORTEST

    def may_start(self, age: float) -> bool:
        """Tell whether a part that ended may start now; `age` is the seconds since its last start."""
        if age >= STEADY_AFTER:
            self._wait = SHORTEST
        if age < self._wait:
            return False
        self._wait = min(self._wait * 2, LONGEST)
        return True
