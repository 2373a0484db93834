"""Time whole processes and functions, alternating so that drift of the machine hits both sides alike."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Median seconds of ours and of the peer, and the median of the ratios run by run."""

    ours: float
    peer: float
    ratio: float

    def line(self, what: str, peer: str) -> str:
        return f"{what:<44} {self.ours:7.3f} s   {peer:<32} {self.peer:7.3f} s   ratio {self.ratio:.2f}"


def pair(ours: Callable[[], object], peer: Callable[[], object], runs: int = 5) -> Pair:
    """Run ours and the peer in turn, after one run of each that is not counted."""
    times = [(_seconds(ours), _seconds(peer)) for _ in range(runs + 1)][1:]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return Pair(medians[0], medians[1], statistics.median(first / second for first, second in times))


def python(code: str) -> Callable[[], object]:
    """Return what runs a line of Python in a process of its own."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
