"""Artefact store in memory: the twin that tests use where bytes need not outlive the process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from repomill.errors import ArtifactMissing, ArtifactStoreUnavailable
from storage.artifacts._atomic_file import atomic_file, unnamed_file
from storage.artifacts.keys import check_key, check_prefix
from storage.artifacts.port import StoredObject


class MemoryStore:
    """Keeps objects in a dict; set `available` to False to have every call fail as if the server were gone."""

    name = "memory"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.available = True
        self._clock = clock
        self._objects: dict[str, bytes] = {}
        self._modified: dict[str, datetime] = {}

    async def check(self, *, create: bool = True) -> None:
        self._require_available()

    async def put(self, key: str, content: bytes) -> None:
        self._require_available()
        self._objects[check_key(key)] = bytes(content)
        self._modified[key] = self._clock()

    def begin_put(self, key: str, content: bytes) -> None:
        """Begin nothing."""

    async def put_file(self, key: str, path: Path) -> None:
        await self.put(key, await asyncio.to_thread(path.read_bytes))

    async def copy(self, source: str, target: str) -> None:
        check_key(target)
        await self.put(target, await self.get(source))

    async def link(self, key: str, filename: str) -> None:
        """Return nothing: nobody else can reach it."""
        check_key(key)

    async def get(self, key: str) -> bytes:
        self._require_available()
        try:
            return self._objects[check_key(key)]
        except KeyError as error:
            raise ArtifactMissing(key) from error

    async def get_range(self, key: str, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        return (await self.get(key))[offset : offset + length]

    async def open(self, key: str) -> BinaryIO:
        return await asyncio.to_thread(unnamed_file, [await self.get(key)])

    async def download(self, key: str, path: Path) -> None:
        await asyncio.to_thread(_write, path, await self.get(key))

    async def exists(self, key: str) -> bool:
        self._require_available()
        return check_key(key) in self._objects

    async def size(self, key: str) -> int:
        return len(await self.get(key))

    async def delete(self, key: str) -> None:
        self._require_available()
        self._objects.pop(check_key(key), None)

    async def erase(self, key: str) -> bool:
        await self.delete(key)
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[str]:
        self._require_available()
        check_prefix(prefix)
        for key in sorted(self._objects):
            if key.startswith(prefix):
                yield key

    async def entries(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        async for key in self.list(prefix):
            yield StoredObject(key, len(self._objects[key]), self._modified[key])

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _require_available(self) -> None:
        if not self.available:
            raise ArtifactStoreUnavailable(self.name, "it was made unavailable")


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)
