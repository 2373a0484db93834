"""Trees in the archive of old projects: recompressed, and read again when somebody asks."""

import asyncio
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from repomill.errors import TreeCorrupt
from repomill.scratch import scratch_folder
from repomill.trees.archives import write_archive
from repomill.trees.pack import Pack, write_pack
from repomill.trees.tree import FileMode, TreeFile
from storage.artifacts.port import ArtifactStore

FORMAT = "tar.zst"


async def store_cold(store: ArtifactStore, pack_key: str, cold_key: str) -> int:
    """Recompress a pack and return the bytes it takes now; raises `ArtifactMissing` when the pack is gone."""
    if not await store.exists(cold_key):
        with scratch_folder() as folder, await store.open(pack_key) as pack:
            await asyncio.to_thread(_compress, pack, folder / "cold")
            await store.put_file(cold_key, folder / "cold")
    return await store.size(cold_key)


@asynccontextmanager
async def restored_pack(store: ArtifactStore, cold_key: str, digest: str) -> AsyncIterator[BinaryIO]:
    """Give the pack of an archived tree as a local file that is gone after the block.

    Raises:
        TreeCorrupt: the archive holds another tree.
        ArtifactMissing: it is gone.
    """
    with scratch_folder() as folder:
        path = folder / "pack.zip"
        with await store.open(cold_key) as cold:
            pack = await asyncio.to_thread(_restore, cold, path)
        if pack.manifest.digest != digest:
            raise TreeCorrupt(f"Archive {cold_key}", digest, pack.manifest.digest)
        with path.open("rb") as opened:
            yield opened


def _compress(pack: BinaryIO, path: Path) -> None:
    with path.open("wb") as out:
        write_archive(FORMAT, pack, out)


def _restore(cold: BinaryIO, path: Path) -> Pack:
    from backports import zstd

    with (
        zstd.ZstdFile(cold) as plain,
        tarfile.open(fileobj=cast(BinaryIO, plain), mode="r|") as archive,
        path.open("wb") as out,
    ):
        return write_pack(_files(archive), out)


def _files(archive: tarfile.TarFile) -> Iterator[TreeFile]:
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        if content is not None:
            mode: FileMode = "100755" if member.mode & 0o100 else "100644"
            yield TreeFile(member.name, content.read(), mode)
