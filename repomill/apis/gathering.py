"""Gathers a document and every document it refers to, before anything is resolved: resolving then reads nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin

from repomill.apis.documents import BOUNDS, Bounds, read_document
from repomill.errors import ApiDocumentTooLarge

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the bytes at an absolute URI, or raises why not; it decides which places may be read."""

# What stands below these keys is data, not a part of the document; below `properties` they are names.
_DATA = frozenset({"example", "examples", "default", "enum", "const"})


@dataclass(frozen=True)
class Gathered:
    """Documents by absolute URI; `root` is the one that was asked for."""

    root: str
    documents: Mapping[str, Any]

    @property
    def document(self) -> Any:
        """The document that was asked for."""
        return self.documents[self.root]


@dataclass
class _Gathering:
    fetch: Fetch
    bounds: Bounds
    documents: dict[str, Any] = field(default_factory=dict)
    size: int = 0

    async def take(self, uri: str) -> None:
        waiting = [uri]
        while waiting:
            uri = waiting.pop()
            if uri in self.documents:
                continue
            self._check(uri)
            content = await self.fetch(uri)
            self.size += len(content)
            self.documents[uri] = await asyncio.to_thread(read_document, content, uri, self.bounds)
            waiting.extend(sorted(outer_references(self.documents[uri], uri), reverse=True))

    def _check(self, uri: str) -> None:
        if len(self.documents) >= self.bounds.documents:
            raise ApiDocumentTooLarge(uri, f"it is reached through more than {self.bounds.documents} documents")
        if self.size > self.bounds.total_size:
            raise ApiDocumentTooLarge(uri, f"the documents before it have more than {self.bounds.total_size} bytes")


async def gather(uri: str, fetch: Fetch, bounds: Bounds = BOUNDS) -> Gathered:
    """Fetch a document and all it refers to, one after the other.

    Raises:
        ApiDocumentInvalid: one is neither JSON nor YAML.
        ApiDocumentTooLarge: one of them, or all together, are over a bound.
        RepomillError: what `fetch` raises.
    """
    gathering = _Gathering(fetch, bounds)
    await gathering.take(uri)
    return Gathered(uri, gathering.documents)


def outer_references(document: Any, base: str) -> set[str]:
    """Return the absolute URIs of other documents that a document's `$ref`s name."""
    found = {urldefrag(urljoin(base, reference)).url for reference in _references(document)}
    return {uri for uri in found if uri and uri != base}


def _references(document: Any) -> Iterator[str]:
    waiting = [(document, False)]
    while waiting:
        value, are_names = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and not are_names:
                yield value["$ref"]
            waiting.extend(
                (item, key == "properties" and not are_names)
                for key, item in value.items()
                if are_names or key not in _DATA
            )
        elif isinstance(value, list):
            waiting.extend((item, False) for item in value)
