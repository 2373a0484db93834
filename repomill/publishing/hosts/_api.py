"""One JSON API over HTTP, whatever library speaks to it: calls, pages, and errors in our words."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Any, Final, Protocol

from pydantic import SecretStr

from repomill.publishing.credentials import MASK
from repomill.publishing.hosts._answers import Answer, Asked

PAGE: Final = 50
"""Rows of a page: the most that all hosts give."""

_MOST_PAGES: Final = 20

Data = Any
"""JSON as it came: what a vendor sends is not ours to type."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever its status; `headers` by lower-case name."""

    status: int
    data: Data
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `path` is below the API's address and begins with a slash."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Port: sends one request. It tries once, raises `HostUnavailable` when nothing came back, and no vendor error."""

    def send(self, call: Call) -> Reply:
        """Send it and wait; called from other threads than the event loop's, one at a time."""

    def close(self) -> None:
        """Let connections go."""


@dataclass
class Api:
    """An API and the secrets that must not come out of it; `clock` gives seconds since 1970."""

    transport: Transport
    secrets: Sequence[SecretStr]
    clock: Callable[[], float] = time
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, asked: Asked, call: Call) -> Data:
        """Return the JSON of the answer; raises as `reply` does."""
        return (await self.reply(asked, call)).data

    async def find(self, asked: Asked, call: Call) -> Data:
        """Return the JSON of the answer, or None when there is no such thing (404)."""
        return (await self.reply(asked, call, 404)).data

    async def reply(self, asked: Asked, call: Call, *expected: int) -> Reply:
        """Send a request; statuses in `expected` are answers without data, others from 400 on are errors.

        Raises:
            HostAccessDenied, HostRefused, HostRateLimited, HostUnavailable, RepositoryMissing, RepositoryNameTaken.
        """
        async with self._turn:
            came = await asyncio.to_thread(self.transport.send, call)
        if came.status in expected:
            return Reply(came.status, None, came.headers)
        if came.status >= 400:
            raise asked.failure(Answer(came.status, self._scrubbed(_said(came.data)), came.headers, self.clock()))
        return came

    async def pages(self, asked: Asked, call: Call, size_name: str = "per_page") -> list[Data]:
        """Return the rows of every page of a list."""
        rows: list[Data] = []
        for page in range(1, _MOST_PAGES + 1):
            query = {**call.query, size_name: str(PAGE), "page": str(page)}
            got = await self.ask(asked, Call(call.method, call.path, call.body, query))
            rows += got
            if len(got) < PAGE:
                break
        return rows

    async def close(self) -> None:
        await asyncio.to_thread(self.transport.close)

    def _scrubbed(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret.get_secret_value(), MASK)
        return text


def read_json(text: str) -> Data:
    """Return JSON, or the text itself: proxies answer with pages."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _said(data: Data) -> str:
    """Gather the sentences in an error, which every vendor nests in its own way."""
    if isinstance(data, Mapping):
        told = (data.get(name) for name in ("message", "error", "error_description", "errors"))
        return " ".join(dict.fromkeys(filter(None, map(_said, told)))) or json.dumps(dict(data))
    if isinstance(data, list):
        return " ".join(filter(None, map(_said, data)))
    return "" if data is None else str(data)
