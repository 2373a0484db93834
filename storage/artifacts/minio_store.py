"""Artefact store in a bucket of MinIO or any other S3 server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from repomill.errors import ArtifactMissing
from storage.artifacts._minio_bucket import MinioBucket
from storage.artifacts._minio_connections import BucketOptions, http_pool
from storage.artifacts.keys import check_key, check_prefix
from storage.artifacts.links import Link
from storage.artifacts.port import StoredObject

CONNECTIONS = 8
"""Requests at once; a call beyond them waits for a thread."""

DEFAULT_OPTIONS = BucketOptions()

P = ParamSpec("P")
T = TypeVar("T")


class MinioStore:
    """Keeps each object as an object of that key; the client's blocking calls run in threads of their own."""

    def __init__(
        self, endpoint: str, bucket: str, access_key: str, secret_key: str, options: BucketOptions = DEFAULT_OPTIONS
    ) -> None:
        """Raises ValueError for an endpoint or bucket name that cannot be; nothing is contacted yet."""
        from minio import Minio

        self._http = http_pool(CONNECTIONS, options)
        client = Minio(
            endpoint,
            access_key or None,
            secret_key,
            secure=options.secure,
            region=options.region or None,
            http_client=self._http,
        )
        self._bucket = MinioBucket(client, bucket, f"{endpoint}/{bucket}", options)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="minio")

    @property
    def name(self) -> str:
        return self._bucket.name

    async def check(self, *, create: bool = True) -> None:
        await self._run(self._bucket.ensure, create=create)

    async def put(self, key: str, content: bytes) -> None:
        await self._run(self._bucket.put, check_key(key), content)

    def begin_put(self, key: str, content: bytes) -> None:
        """Begin nothing: the server may be far away."""

    async def put_file(self, key: str, path: Path) -> None:
        await self._run(self._bucket.put_file, check_key(key), path)

    async def copy(self, source: str, target: str) -> None:
        await self._run(self._bucket.copy, check_key(source), check_key(target))

    async def link(self, key: str, filename: str) -> Link | None:
        return await self._run(self._bucket.link, check_key(key), filename)

    async def get(self, key: str) -> bytes:
        return await self._run(self._bucket.get, check_key(key))

    async def get_range(self, key: str, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0:
            raise ValueError("offset and length must not be negative")
        return await self._run(self._bucket.get_range, check_key(key), offset, length)

    async def open(self, key: str) -> BinaryIO:
        return await self._run(self._bucket.open, check_key(key))

    async def download(self, key: str, path: Path) -> None:
        await self._run(self._bucket.download, check_key(key), path)

    async def exists(self, key: str) -> bool:
        try:
            await self.size(key)
        except ArtifactMissing:
            return False
        return True

    async def size(self, key: str) -> int:
        return await self._run(self._bucket.size, check_key(key))

    async def delete(self, key: str) -> None:
        await self._run(self._bucket.delete, check_key(key))

    async def erase(self, key: str) -> bool:
        return await self._run(self._bucket.erase, check_key(key))

    async def list(self, prefix: str = "") -> AsyncIterator[str]:
        async for entry in self.entries(prefix):
            yield entry.key

    async def entries(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        listing = self._bucket.listing(check_prefix(prefix))
        while page := await self._run(self._bucket.page, listing):
            for entry in page:
                yield entry

    async def aclose(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._http.clear()

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))
