"""The files a run takes in: below the allowed folders of this worker, and of its organisation in the artefact store."""

import asyncio
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from repomill.errors import ArtifactKeyInvalid, InputFileRefused, InputFilesTooLarge
from repomill.input_files.port import FoundFile, Wanted
from repomill.input_files.roots import Roots
from storage.artifacts.keys import check_key
from storage.artifacts.port import ArtifactStore
from storage.database.scope import Scope

_OUTSIDE: Final = "only keys of the organisation can be read, as `org/ID/archives/NAME`"


@dataclass(frozen=True, slots=True)
class RunInputFiles:
    """The `repomill.input_files.port.InputFiles` port."""

    roots: Roots
    store: ArtifactStore
    scope: Scope

    async def gather(self, node: str, wanted: Wanted) -> tuple[FoundFile, ...]:
        """Read them, files in a thread."""
        if wanted.kind != "artifact":
            return await asyncio.to_thread(self.roots.gather, node, wanted)
        key = self._key(node, wanted.place)
        if await self.store.size(key) > wanted.max_bytes:
            raise InputFilesTooLarge(node, wanted.place, f"{wanted.max_bytes} bytes")
        return (FoundFile(PurePosixPath(key).name, await self.store.get(key)),)

    def _key(self, node: str, place: str) -> str:
        try:
            key = check_key(place)
        except ArtifactKeyInvalid as error:
            raise InputFileRefused(node, place, error.reason) from error
        if not key.startswith(f"org/{self.scope.organisation_id}/"):
            raise InputFileRefused(node, place, _OUTSIDE)
        return key
