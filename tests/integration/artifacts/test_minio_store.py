"""The store in a bucket: servers that refuse, that are gone, that go away, and the client's own resources."""

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing
from pathlib import Path
from uuid import uuid4

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from repomill.errors import ArtifactStoreRefused, ArtifactStoreUnavailable
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.minio_store import MinioStore
from tests.servers.processes import LOOPBACK, free_ports
from tests.servers.s3 import S3Server, moto_server, swift_server

MEGABYTE = 1024 * 1024


def new_store(server: S3Server, bucket: str = "", secret_key: str = "", region: str = "") -> MinioStore:
    return MinioStore(
        server.endpoint,
        bucket or f"bucket-{uuid4().hex}",
        server.access_key,
        secret_key or server.secret_key,
        BucketOptions(secure=False, region=region),
    )


@pytest.fixture
async def store(swift_s3: S3Server) -> AsyncIterator[MinioStore]:
    async with aclosing(new_store(swift_s3)) as opened:
        await opened.check()
        yield opened


@pytest.mark.parametrize("region", ["", "us-east-1"])
async def test_a_wrong_secret_is_refused_by_every_call(swift_s3: S3Server, region: str) -> None:
    async with aclosing(new_store(swift_s3, secret_key="wrong-secret", region=region)) as store:
        for call in (store.check(), store.put("a", b"x"), store.get("a"), store.exists("a"), store.delete("a")):
            with pytest.raises(ArtifactStoreRefused) as caught:
                await call
            assert "wrong-secret" not in str(caught.value)


async def test_an_unknown_access_key_is_refused(swift_s3: S3Server) -> None:
    stranger = S3Server(swift_s3.endpoint, "nobody", "secret")
    async with aclosing(new_store(stranger)) as store:
        with pytest.raises(ArtifactStoreRefused):
            await store.check()


async def test_a_server_that_wants_keys_refuses_to_be_asked_without(swift_s3: S3Server) -> None:
    async with aclosing(MinioStore(swift_s3.endpoint, "bucket", "", "", BucketOptions(secure=False))) as store:
        with pytest.raises(ArtifactStoreRefused):
            await store.check()


async def test_another_region_than_the_servers_is_refused(swift_s3: S3Server) -> None:
    async with aclosing(new_store(swift_s3, region="mars-1")) as store:
        with pytest.raises(ArtifactStoreRefused):
            await store.check()


async def test_a_missing_bucket_is_refused_until_the_check_makes_it(swift_s3: S3Server) -> None:
    async with aclosing(new_store(swift_s3)) as store:
        with pytest.raises(ArtifactStoreRefused, match="NoSuchBucket"):
            await store.put("a", b"x")
        await store.check()
        await store.put("a", b"x")
        assert [key async for key in store.list()] == ["a"]


async def test_many_processes_may_check_one_new_bucket_at_once(moto_s3: S3Server, swift_s3: S3Server) -> None:
    async with aclosing(new_store(moto_s3)) as lenient, aclosing(new_store(swift_s3)) as strict:
        await asyncio.gather(*(store.check() for store in (lenient, strict) * 4))
        assert [key async for key in strict.list()] == []


async def test_a_server_that_is_not_there_is_unavailable_within_seconds() -> None:
    started = time.monotonic()
    async with aclosing(new_store(S3Server(f"{LOOPBACK}:{free_ports(1)[0]}", "access", "secret"))) as store:
        with pytest.raises(ArtifactStoreUnavailable, match="Connection refused") as caught:
            await store.check()
    assert caught.value.store == store.name
    assert time.monotonic() - started < 10


async def test_a_server_that_goes_away_is_unavailable_and_nothing_is_taken_for_missing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(moto_server(tmp_path))
        async with aclosing(new_store(server)) as store:
            await store.check()
            await store.put("a", b"x")
            stack.close()
            for call in (store.get("a"), store.put("b", b"x"), store.exists("a"), store.delete("a")):
                with pytest.raises(ArtifactStoreUnavailable):
                    await call


async def test_what_was_stored_is_there_after_the_server_started_again(tmp_path: Path) -> None:
    for expected in ([], ["org/one/a"]):
        with swift_server(tmp_path) as server:
            async with aclosing(new_store(server, "kept")) as store:
                await store.check()
                assert [key async for key in store.list()] == expected
                await store.put("org/one/a", b"x")


async def test_more_keys_than_fit_one_page_are_all_listed(moto_s3: S3Server) -> None:
    expected = [f"org/one/{number:04}" for number in range(1010)]
    async with aclosing(new_store(moto_s3)) as store:
        await store.check()
        await asyncio.gather(*(store.put(key, b"") for key in expected))
        assert [key async for key in store.list("org/one/")] == expected


async def test_a_large_file_is_sent_and_fetched_in_bounded_memory(store: MinioStore, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        file.truncate(80 * MEGABYTE)
    tracemalloc.start()
    try:
        await store.put_file("big", tmp_path / "out")
        await store.download("big", tmp_path / "back")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "back").stat().st_size == 80 * MEGABYTE
    assert peak < 50 * MEGABYTE


async def test_a_store_that_nobody_closed_leaves_no_connection_open(moto_s3: S3Server) -> None:
    store = new_store(moto_s3)
    await store.check()
    await store.put("a", b"x")
    del store
    gc.collect()  # a socket that is still open would warn here, and a warning is an error


async def test_erasing_takes_every_version_and_delete_marker_along(moto_s3: S3Server) -> None:
    client, bucket = Minio(moto_s3.endpoint, "any-access-key", "any-secret-key", secure=False), f"bucket-{uuid4().hex}"
    client.make_bucket(bucket)
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    async with aclosing(new_store(moto_s3, bucket)) as store:
        for content in (b"first", b"second"):
            await store.put("org/1/packs/a", content)
            await store.put("org/1/packs/ab", content)
        await store.delete("org/1/packs/a")
        assert await store.erase("org/1/packs/a")
    kept = [found.object_name for found in client.list_objects(bucket, recursive=True, include_version=True)]
    assert kept == ["org/1/packs/ab", "org/1/packs/ab"]
