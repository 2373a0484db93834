"""One bucket through the MinIO client: blocking calls, safe to make from several threads."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from repomill.errors import ArtifactCorrupt, ArtifactStoreUnavailable
from storage.artifacts._atomic_file import atomic_file, unnamed_file
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts._minio_errors import RangeBehindEnd, translated
from storage.artifacts._minio_versions import erase_versions
from storage.artifacts._stale_uploads import remove_stale_uploads
from storage.artifacts.links import Link, disposition
from storage.artifacts.port import StoredObject

if TYPE_CHECKING:
    from minio import Minio
    from minio.datatypes import Object
    from urllib3.response import BaseHTTPResponse

MEGABYTE = 1024 * 1024
PART_SIZE = 16 * MEGABYTE
"""One part is held in memory while it is sent; 10,000 parts make 160 GB the largest object."""
SMALLEST_PART_SIZE = 5 * MEGABYTE
PAGE = 1000
PROBE_KEY = "check"
DIGEST = "sha256"
"""Name of the metadata that holds an object's SHA-256: ETags mean something else on every server."""

MADE_MEANWHILE = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


class MinioBucket:
    """The vendor calls behind `MinioStore`, with errors translated."""

    def __init__(self, client: "Minio", bucket: str, name: str, options: BucketOptions) -> None:
        from minio.helpers import check_bucket_name

        check_bucket_name(bucket, strict=True)
        self._client = client
        self._bucket = bucket
        self._encryption = options.server_side_encryption()
        self._link_expires = timedelta(seconds=options.link_seconds)
        self.name = name

    def ensure(self, *, create: bool) -> None:
        """Make the bucket when it is missing, and find out whether an object can be written and removed."""
        with translated(self.name):
            if create and not self._client.bucket_exists(self._bucket):
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
        else:
            remove_stale_uploads(self._client, self._bucket)

    def put(self, key: str, content: bytes) -> None:
        """Send the content in one request, which is atomic on every server."""
        digest = hashlib.sha256(content).hexdigest()
        self._send(key, BytesIO(content), len(content), digest, max(len(content), SMALLEST_PART_SIZE))

    def put_file(self, key: str, path: Path) -> None:
        """Send a file in parts, one after the other; the object appears with the last request.

        What fits one part is one request, whose answer is believed if it names an ETag. A completed upload of parts can
        be answered with 200 and an error inside, which the client takes for success: the object's size is asked for.
        """
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            digest = hashlib.file_digest(source, "sha256").hexdigest()
            source.seek(0)
            etag = self._send(key, source, size, digest, PART_SIZE)
        if etag and size <= PART_SIZE:
            return
        stored = self.size(key)
        if stored != size:
            raise ArtifactStoreUnavailable(self.name, f"it kept {stored} of {size} bytes of {key}")

    def _send(self, key: str, source: BinaryIO, size: int, digest: str, part_size: int) -> str | None:
        with translated(self.name, key):
            sent = self._client.put_object(
                self._bucket,
                key,
                source,
                size,
                metadata={DIGEST: digest},
                sse=self._encryption,
                part_size=part_size,
                num_parallel_uploads=1,
            )
        return sent.etag

    def copy(self, source: str, target: str) -> None:
        """Let the server copy an object, checksum included."""
        from minio.commonconfig import CopySource

        with translated(self.name, source):
            self._client.copy_object(self._bucket, target, CopySource(self._bucket, source), sse=self._encryption)

    def link(self, key: str, filename: str) -> Link:
        """Return a presigned URL; the signature is made here, the server is asked for its region at most."""
        headers: dict[str, str | list[str] | tuple[str]] = {"response-content-disposition": disposition(filename)}
        now = datetime.now(UTC)
        with translated(self.name, key):
            url = self._client.get_presigned_url(
                "GET", self._bucket, key, self._link_expires, response_headers=headers, request_date=now
            )
        return Link(url, now + self._link_expires)

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        with self._object(key) as response:
            return b"".join(self._verified(key, response))

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
            return unnamed_file(self._verified(key, response))

    def download(self, key: str, path: Path) -> None:
        """Write the object to a file piece by piece."""
        with self._object(key) as response, atomic_file(path) as file:
            file.writelines(self._verified(key, response))

    def size(self, key: str) -> int:
        """Return the object's size in bytes."""
        with translated(self.name, key):
            return self._client.stat_object(self._bucket, key).size or 0

    def delete(self, key: str) -> None:
        """Remove the object."""
        with translated(self.name, key):
            self._client.remove_object(self._bucket, key)

    def erase(self, key: str) -> bool:
        """Remove the object and the versions of it; tell whether the server said that there are no more."""
        with translated(self.name, key):
            return erase_versions(self._client, self._bucket, key)

    def listing(self, prefix: str) -> "Iterator[Object]":
        """Return all objects under the prefix; `page` takes from it."""
        found: Iterator[Object] = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
        return found

    def page(self, listing: "Iterator[Object]") -> tuple[StoredObject, ...]:
        """Return the next objects, none at the end."""
        with translated(self.name):
            return tuple(_stored(found) for found in islice(listing, PAGE))

    def _verified(self, key: str, response: "BaseHTTPResponse") -> Iterator[bytes]:
        """Yield the whole object; raises `ArtifactCorrupt` at its end, before anybody takes it for whole."""
        found = hashlib.sha256()
        for piece in response.stream(MEGABYTE):
            found.update(piece)
            yield piece
        stored = response.headers.get(f"x-amz-meta-{DIGEST}", "")
        if stored and stored != found.hexdigest():
            raise ArtifactCorrupt(self.name, key, stored, found.hexdigest())

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


def _stored(found: "Object") -> StoredObject:
    # A server that gives no instant is taken to have written it just now: nobody removes what is that young.
    return StoredObject(str(found.object_name), found.size or 0, found.last_modified or datetime.now(UTC))
