"""What the HTTP client of an SDK does as an answer comes: it hands on the headers, and has answers read in turn.

SDKs and Pydantic AI keep the headers back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Response

_wanted: ContextVar[dict[str, str] | None] = ContextVar("wanted", default=None)


@contextmanager
def answer_headers() -> Iterator[dict[str, str]]:
    """Give a dictionary that holds the headers of the answer once they came, by their names in lower case."""
    headers: dict[str, str] = {}
    token = _wanted.set(headers)
    try:
        yield headers
    finally:
        _wanted.reset(token)


async def _hand_on(response: "Response") -> None:
    headers = _wanted.get()
    if headers is not None:
        headers.update(response.headers)  # their names are in lower case


def hooks() -> dict[str, list[Any]]:
    """Return those for the HTTP client of an SDK, which calls them in the task that asks, before it reads the answer.

    Reading one takes a millisecond or two. Answers that come at once are read one in each turn of the event loop, so
    that others get theirs in between.
    """
    reading = asyncio.Lock()

    async def in_turn(response: "Response") -> None:
        async with reading:
            await asyncio.sleep(0)

    return {"response": [_hand_on, in_turn]}
