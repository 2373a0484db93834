"""The fragments that nodes left, assembled into one pack with a bounded number of files open at once."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from repomill.errors import PathWrittenTwice
from repomill.trees.pack import Pack, index_pack, merge_packs
from storage.artifacts.port import ArtifactStore

OPEN_AT_ONCE = 100

Fragment = tuple[str, str]
"""Node path and artefact key."""


async def merge_fragments(store: ArtifactStore, fragments: Sequence[Fragment], path: Path) -> Pack:
    """Write the fragments to `path` as one pack; more than may be open at once go through packs beside it.

    Raises:
        PathWrittenTwice, UnsafeTree, PackUnreadable: see `merge_packs`.
    """
    if len(fragments) <= OPEN_AT_ONCE:
        return await _merge_stored(store, fragments, path)
    parts: list[tuple[str, Path]] = []
    for number, start in enumerate(range(0, len(fragments), OPEN_AT_ONCE)):
        batch = fragments[start : start + OPEN_AT_ONCE]
        parts.append((str(number), path.with_name(f"{path.name}.{number}")))
        await _merge_stored(store, batch, parts[-1][1])
    try:
        return await asyncio.to_thread(_merge_parts, parts, path)
    except PathWrittenTwice as error:
        raise PathWrittenTwice(error.path, await _writers(store, fragments, error.path)) from None


async def _merge_stored(store: ArtifactStore, fragments: Sequence[Fragment], path: Path) -> Pack:
    with ExitStack() as stack:

        async def opened(node: str, key: str) -> tuple[str, BinaryIO]:
            return node, stack.enter_context(await store.open(key))

        found = await asyncio.gather(*(opened(node, key) for node, key in fragments))
        return await asyncio.to_thread(_merge, found, path)


def _merge(fragments: Sequence[tuple[str, BinaryIO]], path: Path) -> Pack:
    with path.open("wb") as out:
        return merge_packs(fragments, out)


def _merge_parts(parts: Sequence[tuple[str, Path]], path: Path) -> Pack:
    """Merge packs that stand for a batch each: a hundred of them are ten thousand fragments."""
    with ExitStack() as stack:
        pack = _merge([(name, stack.enter_context(part.open("rb"))) for name, part in parts], path)
    for _, part in parts:
        part.unlink()
    return pack


async def _writers(store: ArtifactStore, fragments: Sequence[Fragment], path: str) -> tuple[str, ...]:
    """Name the nodes that wrote a path, from the first on: parts do not know them any more."""
    found = []
    for node, key in fragments:
        with await store.open(key) as fragment:
            if path in {entry.path for entry in (await asyncio.to_thread(index_pack, fragment)).manifest.entries}:
                found.append(node)
    return tuple(found)
