"""A tree of 10,000 files put into a bucket, and what runs add to store and database."""

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path

from minio import Minio

from benchmarks.measure import pair
from benchmarks.trees import make_files
from repomill.trees.pack import pack_bytes
from storage.artifacts._minio_bucket import PART_SIZE
from storage.artifacts._minio_connections import BucketOptions
from storage.artifacts.local import LocalDirectoryStore
from storage.artifacts.minio_store import MinioStore
from storage.database import schema
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.services import Services
from tests.fakes.page_runs import admit_page, weigh
from tests.fakes.whole_runs import run_whole
from tests.servers.s3 import S3Server, swift_server

PAYLOADS = (1_000, 10_000_000)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="storing-") as name:
        folder = Path(name).resolve()
        pack = folder / "pack.zip"
        pack.write_bytes(pack_bytes(make_files())[0])
        with swift_server(folder / "swift") as server:
            put(server, pack)
        asyncio.run(grow(folder))


def put(server: S3Server, pack: Path) -> None:
    """Ours looks whether the pack is there, sends it with its checksum, and asks for its size afterwards."""
    with asyncio.Runner() as loop:
        store = MinioStore(server.endpoint, "ours", server.access_key, server.secret_key, BucketOptions(secure=False))
        peer = Minio(server.endpoint, server.access_key, server.secret_key, secure=False)
        loop.run(store.check())
        peer.make_bucket("peer")

        async def ours() -> None:
            key = f"packs/{os.urandom(8).hex()}.zip"
            assert not await store.exists(key)
            await store.put_file(key, pack)

        def theirs(part: int) -> None:
            peer.fput_object("peer", f"packs/{os.urandom(8).hex()}.zip", str(pack), part_size=part)

        megabytes = pack.stat().st_size / 1e6
        for name, part in (("fput_object", 0), ("fput_object, one part", PART_SIZE)):
            measured = pair(lambda: loop.run(ours()), partial(theirs, part), runs=15)
            print(measured.line(f"pack of {megabytes:.1f} MB", name))
        loop.run(store.aclose())


async def grow(folder: Path) -> None:
    """Run a workflow with small and large content, each twice; print what every run adds."""
    for size in PAYLOADS:
        home = folder / str(size)
        home.mkdir()
        database = Database(f"sqlite:///{home}/bench.db")
        schema.upgrade(database)
        services = Services(database, LocalDirectoryStore(home / "store"), DEFAULT_SCOPE, "", 2 * max(PAYLOADS))
        await services.store.check()
        for turn, reuse in (("first", "never"), ("again", "never"), ("again, `reuse: always`", "always")):
            execution = await admit_page(services, size, reuse)
            rows, objects = weigh(database), await stored(services)
            await run_whole(services, execution)
            new = {key.split("/")[2]: size for key, size in (await stored(services)).items() if key not in objects}
            print(f"{size:>10,} bytes, {turn}: {weigh(database) - rows:,} bytes of rows, objects {new}")
        await services.aclose()


async def stored(services: Services) -> dict[str, int]:
    return {entry.key: entry.size async for entry in services.store.entries("")}
