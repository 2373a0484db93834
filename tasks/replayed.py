"""What a run takes its recorded answers from: a folder of this machine, or a bundle in the artefact store."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from repomill.apis.description import ApiDescription
from repomill.bundles.archive import APIS, CALLS, read_bundle
from repomill.bundles.contents import Contents, SourceFacts
from repomill.calls.recordings import Recordings, folder_name
from repomill.scratch import scratch_folder
from tasks.services import Services

BUNDLE: Final = "bundle:"
"""Begins what `Execution.recordings` says of a bundle; its artefact key follows."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Recorded answers, and what else a bundle brings along."""

    recordings: Recordings | None = None
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    apis: Mapping[str, ApiDescription] = field(default_factory=dict)


@asynccontextmanager
async def replayed(services: Services, recordings: str | None) -> AsyncIterator[Replayed]:
    """Open what an execution replays; the files of a bundle are there as long as the block lasts."""
    if recordings is None or not recordings.startswith(BUNDLE):
        yield Replayed(Recordings(Path(recordings)) if recordings else None)
        return
    with scratch_folder() as scratch:
        (files := scratch / "files").mkdir()
        contents = await load_bundle(services, recordings, files)
        folder = scratch / "recordings"
        await asyncio.to_thread(_lay_out, files / CALLS, folder)
        yield Replayed(Recordings(folder), contents.sources, _apis(contents, files))


async def load_bundle(services: Services, recordings: str, folder: Path) -> Contents:
    """Unpack a stored bundle into an empty folder, verified; raises `ArtifactMissing`, `BundleUnreadable`."""
    key = recordings.removeprefix(BUNDLE)
    with scratch_folder() as scratch:
        await services.store.download(key, scratch / "bundle")
        return await asyncio.to_thread(read_bundle, scratch / "bundle", folder, key)


def _lay_out(calls: Path, folder: Path) -> None:
    """Put the calls where recordings are looked for; one ordinal may have been asked with several requests."""
    for path in sorted(calls.glob("*.json")):
        call = json.loads(path.read_bytes())
        place = folder / folder_name(call["node"]) / f"{call['ordinal']}-{path.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


def _apis(contents: Contents, files: Path) -> dict[str, ApiDescription]:
    texts = {name: (files / APIS / f"{name}.json").read_bytes() for name in contents.apis}
    return {name: ApiDescription.model_validate_json(text) for name, text in texts.items()}
