"""A tree of 10,000 files put into a bucket and read from, and what runs add to store and database."""

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
from storage.database.models import ProjectFile
from storage.database.scope import DEFAULT_SCOPE
from storage.database.session import Database
from tasks.services import Services
from tasks.stored_trees import read_file
from tests.fakes.page_runs import admit_page, weigh
from tests.fakes.stored_projects import Stored, store_project
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
            read(server, folder)
        asyncio.run(grow(folder))


def put(server: S3Server, pack: Path) -> None:
    """Ours looks whether the pack is there, and sends it with its checksum."""
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


def read(server: S3Server, folder: Path) -> None:
    """Ours looks a file of 10,000 up in the database; the peer asks the server for the same bytes of the pack."""
    database = Database(f"sqlite:///{folder}/read.db")
    schema.upgrade(database)
    store = MinioStore(server.endpoint, "read", server.access_key, server.secret_key, BucketOptions(secure=False))
    peer = Minio(server.endpoint, server.access_key, server.secret_key, secure=False)
    services = Services(database, store, DEFAULT_SCOPE, "", max(PAYLOADS))
    with asyncio.Runner() as loop:
        loop.run(store.check())
        stored = loop.run(store_project(services, folder, make_files()))
        reference, file = str(stored.project.id), loop.run(last_file(services, stored))

        def theirs() -> None:
            answer = peer.get_object("read", stored.project.pack_key, file.data_offset, file.stored_size)
            assert len(answer.read()) == file.stored_size
            answer.close()
            answer.release_conn()

        measured = pair(lambda: loop.run(read_file(services, reference, file.file_path)), theirs, runs=100)
        print(measured.line("one file of a pack", "the same range, minio client"))
        loop.run(services.aclose())


async def last_file(services: Services, stored: Stored) -> ProjectFile:
    return await services.database.run(
        services.scope, lambda work: work.project_files.get(stored.project.id, stored.files[-1].path)
    )


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
