"""Artefact store in a folder: the embedded default, for one machine."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from repomill.errors import ArtifactKeyInvalid, ArtifactMissing, ArtifactStoreUnavailable
from storage.artifacts._atomic_file import atomic_file, make_folder
from storage.artifacts.keys import check_key, check_prefix
from storage.artifacts.port import StoredObject

COPY_BUFFER = 1024 * 1024
WRITERS = 2
"""Threads of a store for what transactions wait for."""
LARGEST_BESIDE = 256 * 1024
"""Bytes of the largest object that is written while locks of the database are held."""
PAGE = 1000
NOTHING_THERE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class LocalDirectoryStore:
    """Keeps each object as a file of that relative path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="objects")

    @property
    def name(self) -> str:
        return str(self._folder)

    async def check(self, *, create: bool = True) -> None:
        await asyncio.to_thread(self._check, create)

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, key, BytesIO(content))

    def begin_put(self, key: str, content: bytes) -> Future[None] | None:
        if len(content) > LARGEST_BESIDE:
            return None
        with suppress(RuntimeError):  # closed already
            return self._writers.submit(self._write, key, BytesIO(content))
        return None

    async def put_file(self, key: str, path: Path) -> None:
        await asyncio.to_thread(self._write_file, key, path)

    async def copy(self, source: str, target: str) -> None:
        await asyncio.to_thread(self._copy, source, target)

    async def link(self, key: str, filename: str) -> None:
        """Return nothing: only this machine can reach it."""
        check_key(key)

    async def get(self, key: str) -> bytes:
        return await asyncio.to_thread(self._read, key, 0, -1)

    async def get_range(self, key: str, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        return await asyncio.to_thread(self._read, key, offset, length)

    async def open(self, key: str) -> BinaryIO:
        return await asyncio.to_thread(self._open, key)

    async def download(self, key: str, path: Path) -> None:
        await asyncio.to_thread(self._copy_out, key, path)

    async def exists(self, key: str) -> bool:
        try:
            await self.size(key)
        except ArtifactMissing:
            return False
        return True

    async def size(self, key: str) -> int:
        return await asyncio.to_thread(self._size, key)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, key)

    async def erase(self, key: str) -> bool:
        await self.delete(key)
        return True

    async def list(self, prefix: str = "") -> AsyncIterator[str]:
        for key in await asyncio.to_thread(self._keys, prefix):
            yield key

    async def entries(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        found = self._entries(prefix)
        while page := await asyncio.to_thread(lambda: tuple(islice(found, PAGE))):
            for entry in page:
                yield entry

    async def aclose(self) -> None:
        """End the threads; no file stays open between two calls."""
        await asyncio.to_thread(self._writers.shutdown)

    def _check(self, create: bool) -> None:
        with self._available():
            if create:
                make_folder(self._folder)
            self._require_folder()
            if not create and not any(self._folder.iterdir()):
                raise ArtifactStoreUnavailable(self.name, "the folder is empty; is its disk mounted?")
            with tempfile.TemporaryFile(dir=self._folder) as probe:
                probe.write(b"probe")

    def _write_file(self, key: str, path: Path) -> None:
        with path.open("rb") as source:
            self._write(key, source)

    def _write(self, key: str, source: BinaryIO) -> None:
        path = self._locate(key)
        with self._room_for(path), atomic_file(path) as target:
            shutil.copyfileobj(source, target, COPY_BUFFER)

    def _copy(self, source: str, target: str) -> None:
        """Give the file a second name, or copy it where the file system cannot: objects are replaced, never changed."""
        path = self._locate(target)
        with self._open(source) as content:
            partial = path.with_name(f".{token_hex(8)}.partial")
            with self._room_for(path):
                try:
                    partial.hardlink_to(self._locate(source))
                    partial.replace(path)
                except OSError:
                    self._write(target, content)
                finally:
                    partial.unlink(missing_ok=True)

    @contextmanager
    def _room_for(self, path: Path) -> Iterator[None]:
        """Make the folders under the store's own; that one went away with its disk if it is not there."""
        with self._available():
            self._require_folder()
            make_folder(path.parent)
            yield

    def _read(self, key: str, offset: int, length: int) -> bytes:
        with self._open(key) as source:
            source.seek(offset)
            return source.read(length)

    def _copy_out(self, key: str, path: Path) -> None:
        with self._open(key) as source, atomic_file(path) as target:
            shutil.copyfileobj(source, target, COPY_BUFFER)

    def _size(self, key: str) -> int:
        with self._open(key) as source:
            return os.fstat(source.fileno()).st_size

    def _delete(self, key: str) -> None:
        path = self._locate(key)
        with self._available():
            try:
                path.unlink()
            except NOTHING_THERE:
                return

    def _open(self, key: str) -> BinaryIO:
        path = self._locate(key)
        with self._available():
            try:
                return path.open("rb")
            except NOTHING_THERE as error:
                self._require_folder()
                raise ArtifactMissing(key) from error

    def _keys(self, prefix: str) -> tuple[str, ...]:
        start = self._folder / check_prefix(prefix).rpartition("/")[0]
        with self._available():
            self._require_folder()
            return tuple(sorted(key for key in self._walk(start) if key.startswith(prefix)))

    def _entries(self, prefix: str) -> Iterator[StoredObject]:
        start = self._folder / check_prefix(prefix).rpartition("/")[0]
        with self._available():
            self._require_folder()
            for key in self._walk(start):
                if key.startswith(prefix) and (entry := self._entry(key)):
                    yield entry

    def _entry(self, key: str) -> StoredObject | None:
        try:
            found = (self._folder / key).stat()
        except NOTHING_THERE:  # removed while we look
            return None
        return StoredObject(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _walk(self, start: Path) -> Iterator[str]:
        for folder, _, names in os.walk(start):
            for name in names:
                if not name.startswith("."):
                    yield (Path(folder) / name).relative_to(self._folder).as_posix()

    def _locate(self, key: str) -> Path:
        path = self._folder / check_key(key)
        # A symbolic link inside the folder could lead out of it; keys alone cannot.
        if self._has_link(key) and not path.resolve().is_relative_to(self._folder.resolve()):
            raise ArtifactKeyInvalid(key, "it leads out of the store")
        return path

    def _has_link(self, key: str) -> bool:
        place = str(self._folder)
        for part in key.split("/"):
            place = f"{place}/{part}"
            if os.path.islink(place):  # noqa: PTH114  # a Path for each part of each key takes several times as long
                return True
        return False

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            raise ArtifactStoreUnavailable(self.name, "the folder does not exist; is its disk mounted?")

    @contextmanager
    def _available(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ArtifactStoreUnavailable(self.name, error.strerror or str(error)) from error
