"""One bucket through the MinIO client: blocking calls, safe to make from several threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from repomill.errors import ArtifactStoreUnavailable
from storage.artifacts._atomic_file import atomic_file, unnamed_file
from storage.artifacts._minio_errors import RangeBehindEnd, translated

if TYPE_CHECKING:
    from minio import Minio
    from minio.datatypes import Object
    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse

MEGABYTE = 1024 * 1024
PART_SIZE = 16 * MEGABYTE
"""One part is held in memory while it is sent; 10,000 parts make 160 GB the largest object."""
SMALLEST_PART_SIZE = 5 * MEGABYTE
PAGE = 1000
PROBE_KEY = "check"
MADE_MEANWHILE = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


def http_pool(connections: int) -> "PoolManager":
    """Make the connections; a server that is gone is given up after seconds, one that stalls after a minute."""
    import certifi
    from urllib3 import PoolManager, Retry, Timeout

    retries = Retry(
        total=3,
        connect=2,
        read=1,
        backoff_factor=0.2,
        status_forcelist=[500, 502, 503, 504],
        # The last answer says more than "too many retries", and a Retry-After of an hour is not ours to sit out.
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    return PoolManager(
        timeout=Timeout(connect=3, read=30),
        maxsize=connections,
        retries=retries,
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )


class MinioBucket:
    """The vendor calls behind `MinioStore`, with errors translated."""

    def __init__(self, client: "Minio", bucket: str, name: str) -> None:
        from minio.helpers import check_bucket_name

        check_bucket_name(bucket, strict=True)
        self._client = client
        self._bucket = bucket
        self.name = name

    def ensure(self) -> None:
        """Make the bucket when it is missing, and find out whether an object can be written and removed."""
        with translated(self.name):
            if not self._client.bucket_exists(self._bucket):
                self._make()
        self.put(PROBE_KEY, b"probe")
        self.delete(PROBE_KEY)

    def _make(self) -> None:
        from minio.error import S3Error

        try:
            self._client.make_bucket(self._bucket)
        except S3Error as error:
            if error.code not in MADE_MEANWHILE:
                raise

    def put(self, key: str, content: bytes) -> None:
        """Send the content in one request, which is atomic on every server."""
        self._send(key, BytesIO(content), len(content), max(len(content), SMALLEST_PART_SIZE))

    def put_file(self, key: str, path: Path) -> None:
        """Send a file in parts, one after the other; the object appears with the last request."""
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            self._send(key, source, size, PART_SIZE)
        # A completed upload can be answered with 200 and an error inside, which the client takes for success.
        stored = self.size(key)
        if stored != size:
            raise ArtifactStoreUnavailable(self.name, f"it kept {stored} of {size} bytes of {key}")

    def _send(self, key: str, source: BinaryIO, size: int, part_size: int) -> None:
        with translated(self.name, key):
            self._client.put_object(self._bucket, key, source, size, part_size=part_size, num_parallel_uploads=1)

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        with self._object(key) as response:
            return response.read()

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Return a part of the object; S3 itself has no empty range, and none that starts behind the end."""
        if length == 0:
            self.size(key)  # raises when there is no such object
            return b""
        try:
            with self._object(key, offset, length) as response:
                content = response.read()
        except RangeBehindEnd:
            return b""
        # A server may ignore the range; it says so with 200 instead of 206.
        return content if response.status == 206 else content[offset : offset + length]

    def open(self, key: str) -> BinaryIO:
        """Return a copy of the object that has no name on this machine."""
        with self._object(key) as response:
            return unnamed_file(response.stream(MEGABYTE))

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file piece by piece."""
        with self._object(key) as response, atomic_file(path) as file:
            for piece in response.stream(MEGABYTE):
                file.write(piece)

    def size(self, key: str) -> int:
        """Return the object's size in bytes."""
        with translated(self.name, key):
            return self._client.stat_object(self._bucket, key).size or 0

    def delete(self, key: str) -> None:
        """Remove the object."""
        with translated(self.name, key):
            self._client.remove_object(self._bucket, key)

    def listing(self, prefix: str) -> "Iterator[Object]":
        """Return all objects under the prefix; `page` takes from it."""
        found: Iterator[Object] = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        return found

    def page(self, listing: "Iterator[Object]") -> tuple[str, ...]:
        """Return the next keys, none at the end."""
        with translated(self.name):
            return tuple(str(found.object_name) for found in islice(listing, PAGE))

    @contextmanager
    def _object(self, key: str, offset: int = 0, length: int = 0) -> "Iterator[BaseHTTPResponse]":
        with translated(self.name, key):
            response = self._client.get_object(self._bucket, key, offset, length)
            try:
                yield response
            finally:
                # A response that was read to its end has given its connection back already; others lose it.
                response.close()
                response.release_conn()
