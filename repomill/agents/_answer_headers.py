"""The headers that come with an answer: SDKs and Pydantic AI keep them back, so the HTTP client hands them on."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

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


HOOKS: Final[dict[str, list[Any]]] = {"response": [_hand_on]}
"""For the HTTP client of an SDK; it calls them in the task that asks."""
