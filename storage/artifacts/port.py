"""Port: where payloads live. The database holds their keys, this holds their bytes."""

from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from storage.artifacts.links import Link


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing shows it: `size` in bytes, `modified` when it was written last."""

    key: str
    size: int
    modified: datetime


class ArtifactStore(Protocol):
    """Objects of bytes under keys (`storage.artifacts.keys`).

    A reader sees an object whole or not at all, also when the writer is killed halfway; writing a key again replaces
    it. A key is never also the folder of another key. Call `check` once before the first use and `aclose` after the
    last. Adapters: `LocalDirectoryStore`, `MinioStore`, and `MemoryStore` for tests.

    Every method raises `ArtifactStoreUnavailable` when the store cannot be reached or is full, `ArtifactStoreRefused`
    when it says no, and `ArtifactKeyInvalid` for a key that `check_key` refuses. Reading a whole object raises
    `ArtifactCorrupt` where the store keeps checksums and they differ.
    """

    @property
    def name(self) -> str:
        """Where the store is, for messages; no secret in it."""

    async def check(self, *, create: bool = True) -> None:
        """Find out whether objects can be written; a bucket or folder that is missing is made.

        Not so without `create`, for those who know that there were objects: a folder that is missing or empty is that
        of a disk that went away.
        """

    async def put(self, key: str, content: bytes) -> None:
        """Store the content under the key; on return it outlives a crash of this process and machine."""

    def begin_put(self, key: str, content: bytes) -> Future[None] | None:
        """Begin as `put` and return what any thread can wait for, with no help of an event loop.

        Returns:
            None: nothing was begun; to store this may take longer than a few rows of the database.
        """

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file of any size in bounded memory; raises `OSError` when the file itself cannot be read."""

    async def copy(self, source: str, target: str) -> None:
        """Store an object under another key as well, without moving its bytes; raises `ArtifactMissing`."""

    async def link(self, key: str, filename: str) -> Link | None:
        """Return a link that downloads the object as `filename`, None where the store has none.

        It opens for whoever has it, so it belongs to those who asked for it. The object is not looked for.
        """

    async def get(self, key: str) -> bytes:
        """Return the object; raises `ArtifactMissing`."""

    async def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`, fewer where the object ends; raises `ArtifactMissing`.

        Raises:
            ValueError: `offset` or `length` is negative.
        """

    async def open(self, key: str) -> BinaryIO:
        """Return the object as an open file of the system, to read and to close; raises `ArtifactMissing`.

        What is read stays the same when the object is replaced or removed. Of a process that is killed nothing is left.

        Raises:
            OSError: there is no room for a copy on this machine.
        """

    async def download(self, key: str, path: Path) -> None:
        """Write the object to a file, which appears whole or not at all; raises `ArtifactMissing`.

        Raises:
            OSError: the file cannot be written.
        """

    async def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""

    async def size(self, key: str) -> int:
        """Return the object's size in bytes; raises `ArtifactMissing`."""

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""

    async def erase(self, key: str) -> bool:
        """Remove the object with every version the store keeps of it, also those of earlier deletions.

        Returns:
            Whether nothing can be read under the key any more; False where the store does not tell its versions. No
            store says what becomes of the blocks on its disks.
        """

    def list(self, prefix: str = "") -> AsyncIterator[str]:
        """Yield the keys that start with the prefix (also within a name), sorted."""

    def entries(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose keys start with the prefix as they are found, in any order and bounded memory."""

    async def aclose(self) -> None:
        """Let go of threads and connections; the store cannot be used after it."""
