"""Rules of the end: what is cancelled, or takes too long, ends."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any

from repomill.errors import RepomillError
from repomill.nodes.base import NodeKind
from repomill.testing._world import node_context
from repomill.testing.cases import Case
from repomill.testing.checks import require

ENDS_WITHIN = 30.0
"""Seconds that cancelled work gets: time enough to import what it needs, and to store an answer that is on its way."""
MOMENTS = 12
"""Work is cancelled after so many turns of the event loop, once for each."""


Start = Callable[[], Coroutine[Any, Any, object]]
"""Makes a coroutine that does the work once."""


def a_cancelled_node_ends(kind: NodeKind[Any], case: Case) -> None:
    """Whenever the cancel comes."""
    ends_when_cancelled(lambda: _run(kind, case))


def a_node_out_of_time_ends(kind: NodeKind[Any], case: Case) -> None:
    """A `timeout` is a cancel from inside; the kind must not take it for an answer."""
    ends_when_out_of_time(lambda: _run(kind, case))


def ends_when_cancelled(start: Start) -> None:
    """Require that the work ends, at whatever moment the cancel comes."""
    for turns in range(MOMENTS):
        _stops(_cancelled_after(start, turns), f"cancelled after {turns} turns of the event loop")


def ends_when_out_of_time(start: Start) -> None:
    """Require that the work ends when its time is over."""
    _stops(_out_of_time(start), "out of time")


async def _cancelled_after(start: Start, turns: int) -> BaseException | None:
    task = asyncio.create_task(start())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    return None if task.cancelled() else task.exception()


async def _out_of_time(start: Start) -> BaseException | None:
    task = asyncio.create_task(asyncio.wait_for(start(), 0.001))
    await asyncio.wait({task})
    return task.exception()


def _stops(work: Coroutine[Any, Any, BaseException | None], when: str) -> None:
    """Run in a thread of its own, which is given up when it does not end: waiting for it would never end either."""
    raised: list[BaseException | None] = []
    thread = Thread(target=lambda: raised.append(asyncio.run(work)), daemon=True)
    thread.start()
    thread.join(ENDS_WITHIN)
    require(bool(raised), f"{when}, it did not end within {ENDS_WITHIN:.0f} s")
    expected = isinstance(raised[0], RepomillError | TimeoutError | None)
    require(expected, f"{when}, it raised {type(raised[0]).__name__}: {raised[0]}")


async def _run(kind: NodeKind[Any], case: Case) -> None:
    await kind.run(kind.config_model.model_validate(case.config), node_context(case))


RULES = (a_cancelled_node_ends, a_node_out_of_time_ends)
