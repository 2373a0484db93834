"""Work on all processors, results in order: for functions that let go of the interpreter's lock, as compressors do."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD_BYTES: Final = 4 * 1024 * 1024
"""What items hold together that are worked on or wait to be taken; a larger item goes alone."""

_AHEAD_ITEMS: Final = 64


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], size: Callable[[Item], int], threads: int = 0
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items; a single item takes no thread.

    `size` tells the bytes of an item; `threads` is the number of processors unless given. What is yielded does not
    depend on it.
    """
    remaining = iter(items)
    first = list(islice(remaining, 2))
    if len(first) < 2:
        yield from map(function, first)
        return
    pool = ThreadPoolExecutor(threads or processors(), thread_name_prefix="trees")
    try:
        yield from _taken(pool, function, chain(first, remaining), size)
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], size: Callable[[Item], int]
) -> Iterator[Result]:
    ahead: deque[tuple[int, Future[Result]]] = deque()
    held = 0
    for item in items:
        weight = size(item)
        while ahead and (held + weight > _AHEAD_BYTES or len(ahead) >= _AHEAD_ITEMS):
            held -= ahead[0][0]
            yield ahead.popleft()[1].result()
        ahead.append((weight, pool.submit(function, item)))
        held += weight
    while ahead:
        yield ahead.popleft()[1].result()


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
