"""What a bucket's URL can say beyond its place: encryption, authorities, time limits, links; and who refuses what."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from minio import Minio
from urllib3 import PoolManager

from repomill.errors import ArtifactCorrupt, ArtifactStoreRefused, ArtifactStoreUnavailable
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.factory import open_store
from storage.artifacts.minio_store import MinioStore
from tests.servers.cut_connection import cut_after
from tests.servers.processes import LOOPBACK
from tests.servers.s3 import S3Server
from tests.servers.tls_front import Front, tls_front
from tests.servers.waiting import PATIENCE

MEGABYTE = 1024 * 1024
PLAIN = BucketOptions(secure=False)


def store_on(server: S3Server, bucket: str = "", options: BucketOptions = PLAIN, secret_key: str = "") -> MinioStore:
    name = bucket or f"bucket-{uuid4().hex}"
    return MinioStore(server.endpoint, name, server.access_key, secret_key or server.secret_key, options)


def client(server: S3Server) -> Minio:
    return Minio(server.endpoint, server.access_key, server.secret_key, secure=False)


@pytest.mark.parametrize(
    ("code", "advice"),
    [("secret", "does not belong to"), ("bucket", "bucket's name"), ("region", "region=NAME")],
)
async def test_what_a_real_server_refuses_says_how_to_mend_it(swift_s3: S3Server, code: str, advice: str) -> None:
    options = BucketOptions(secure=False, region="mars-1" if code == "region" else "us-east-1")
    secret = "wrong" if code == "secret" else ""
    async with aclosing(store_on(swift_s3, options=options, secret_key=secret)) as store:
        with pytest.raises(ArtifactStoreRefused) as caught:
            await store.put("a", b"x")
    assert advice in caught.value.advice()


async def test_a_clock_that_is_wrong_is_told_by_name(swift_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("minio.time.utcnow", lambda: behind)
    async with aclosing(store_on(swift_s3)) as store:
        with pytest.raises(ArtifactStoreRefused, match="RequestTimeTooSkewed") as caught:
            await store.put("a", b"x")
    assert "clock" in caught.value.advice()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with closing(socket.create_server((LOOPBACK, 0))) as listener:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"


async def test_a_server_that_says_nothing_is_given_up(silent: str) -> None:
    options = BucketOptions(secure=False, region="us-east-1", timeout=0.1)
    async with aclosing(MinioStore(silent, "bucket", "a", "private", options)) as store:
        with pytest.raises(ArtifactStoreUnavailable, match="timed out") as caught:
            await store.get("a")
    assert "private" not in str(caught.value)


async def test_an_upload_whose_way_breaks_leaves_no_object_and_no_lie(swift_s3: S3Server, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 20 * MEGABYTE)
    async with aclosing(store_on(swift_s3, "broken-way")) as store:
        await store.check()
        with cut_after(swift_s3.endpoint, 17 * MEGABYTE) as (way, broken):
            async with aclosing(store_on(S3Server(way, swift_s3.access_key, swift_s3.secret_key), "broken-way")) as cut:
                with pytest.raises(ArtifactStoreUnavailable):
                    await cut.put_file("big", tmp_path / "big")
        assert broken.wait(PATIENCE)
        assert not await store.exists("big")


@pytest.fixture
async def damaged(swift_s3: S3Server) -> AsyncIterator[MinioStore]:
    """A store with an object that was stored as other bytes than its checksum says."""
    bucket = f"bucket-{uuid4().hex}"
    async with aclosing(store_on(swift_s3, bucket)) as store:
        await store.check()
        digest = hashlib.sha256(b"as it was").hexdigest()
        client(swift_s3).put_object(bucket, "a", BytesIO(), 0, metadata={"sha256": digest})
        yield store


async def test_bytes_that_changed_in_the_store_are_not_returned(damaged: MinioStore, tmp_path: Path) -> None:
    for read in (damaged.get("a"), damaged.open("a"), damaged.download("a", tmp_path / "a")):
        with pytest.raises(ArtifactCorrupt) as caught:
            await read
    assert caught.value.expected == hashlib.sha256(b"as it was").hexdigest()
    assert not (tmp_path / "a").exists()


async def test_an_object_that_others_stored_without_a_checksum_is_read(swift_s3: S3Server) -> None:
    bucket = f"bucket-{uuid4().hex}"
    async with aclosing(store_on(swift_s3, bucket)) as store:
        await store.check()
        client(swift_s3).put_object(bucket, "a", BytesIO(b"theirs"), 6)
        assert await store.get("a") == b"theirs"


async def test_a_link_ends_when_it_says(swift_s3: S3Server) -> None:
    options = BucketOptions(secure=False, link_seconds=90)
    async with aclosing(store_on(swift_s3, options=options)) as store:
        await store.check()
        link = await store.link("a", "a.zip")
    assert link is not None
    assert parse_qs(urlsplit(link.url).query)["X-Amz-Expires"] == ["90"]
    assert timedelta() < link.ends - datetime.now(UTC) <= timedelta(seconds=90)


async def test_a_link_that_was_changed_is_refused(swift_s3: S3Server) -> None:
    async with aclosing(store_on(swift_s3)) as store:
        await store.check()
        await store.put("a", b"a")
        await store.put("b", b"b")
        link = await store.link("a", "a.zip")
    assert link is not None
    with PoolManager() as http:
        answer = await asyncio.to_thread(http.request, "GET", link.url.replace("/a?", "/b?"))
    assert answer.status == 403


async def test_a_bucket_that_is_made_forgets_unfinished_uploads(moto_s3: S3Server) -> None:
    bucket = f"bucket-{uuid4().hex}"
    async with aclosing(store_on(moto_s3, bucket)) as store:
        await store.check()
    found: Any = client(moto_s3).get_bucket_lifecycle(bucket)
    [rule] = found.rules
    assert rule.abort_incomplete_multipart_upload.days_after_initiation == 1


async def test_a_bucket_of_somebody_keeps_its_rules(moto_s3: S3Server) -> None:
    bucket = f"bucket-{uuid4().hex}"
    client(moto_s3).make_bucket(bucket)
    async with aclosing(store_on(moto_s3, bucket)) as store:
        await store.check()
    assert client(moto_s3).get_bucket_lifecycle(bucket) is None


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE])
async def test_objects_are_encrypted_by_the_server_where_the_url_says_so(
    moto_s3: S3Server, tmp_path: Path, size: int
) -> None:
    bucket = f"bucket-{uuid4().hex}"
    (tmp_path / "file").write_bytes(b"x" * size)
    async with aclosing(store_on(moto_s3, bucket, BucketOptions(secure=False, encryption="s3"))) as store:
        await store.check()
        await store.put_file("a", tmp_path / "file")
        await store.copy("a", "b")
    for key in ("a", "b"):
        stored: Any = client(moto_s3).stat_object(bucket, key)
        assert stored.metadata["x-amz-server-side-encryption"] == "AES256"


async def test_a_missing_bucket_is_not_made_where_there_were_objects(swift_s3: S3Server) -> None:
    async with aclosing(store_on(swift_s3)) as store:
        with pytest.raises(ArtifactStoreRefused, match="NoSuchBucket"):
            await store.check(create=False)


@pytest.fixture(scope="module")
def front(moto_s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The S3 server behind TLS, with a certificate that only its own authority vouches for."""
    with tls_front(moto_s3.endpoint, tmp_path_factory.mktemp("tls")) as running:
        yield running


async def test_a_server_with_an_authority_of_its_own_is_trusted_where_it_is_named(front: Front) -> None:
    url = f"minio://{front.endpoint}/bucket-{uuid4().hex}?ca={front.authority}&region=us-east-1"
    async with aclosing(open_store(url, "key", "secret")) as store:
        await store.check()
        await store.put("a", b"over TLS")
        assert await store.get("a") == b"over TLS"


async def test_a_server_that_nobody_vouches_for_is_not_trusted(front: Front) -> None:
    async with aclosing(open_store(f"minio://{front.endpoint}/bucket?region=us-east-1", "key", "secret")) as store:
        with pytest.raises(ArtifactStoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await store.check()
