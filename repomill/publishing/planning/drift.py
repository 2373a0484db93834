"""Compares a repository with the tree that was exported to it last; no model is asked, no file downloaded."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from repomill.canonical import Json
from repomill.publishing.listings import Blob, Listing, blob_id
from repomill.publishing.planning._result import workbench
from repomill.publishing.planning.export import Export
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class Drift:
    """Paths by what became of them since the export; `head` is None when the branch is gone."""

    head: str | None
    unchanged: tuple[str, ...]
    edited: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def any(self) -> bool:
        return bool(self.edited or self.missing or self.extra)

    def to_json(self) -> dict[str, Json]:
        """Return the paths as lists."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


async def find_drift(export: Export) -> Drift:
    """Compare the branch with `export.tree`, the tree of the last export.

    Raises:
        RemoteRefused, RemoteUnavailable: the remote cannot be read.
        ArtifactMissing: the tree is no longer stored.
        GitFailed, GitMissing: Git itself does not work here.
    """
    async with workbench(export) as bench:
        start = await bench.start()
        async with export.tree.opened() as files:
            recorded = await asyncio.to_thread(_listing, files)
    return _compare(start.head, recorded, start.side.files)


def _listing(files: Iterable[TreeFile]) -> Listing:
    return {file.path: Blob(file.mode, blob_id(file.content)) for file in files}


def _compare(head: str | None, recorded: Listing, there: Listing) -> Drift:
    both = sorted(recorded.keys() & there.keys())
    return Drift(
        head,
        unchanged=tuple(path for path in both if recorded[path] == there[path]),
        edited=tuple(path for path in both if recorded[path] != there[path]),
        missing=tuple(sorted(recorded.keys() - there.keys())),
        extra=tuple(sorted(there.keys() - recorded.keys())),
    )
