"""Node results in the artefact store: small records point to them."""

import asyncio
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from repomill.canonical import Json, digest_bytes
from repomill.errors import FileTooLarge
from repomill.nodes.base import NodeResult
from repomill.scratch import scratch_folder
from repomill.trees.pack import pack_file
from repomill.trees.tree import File
from storage.artifacts.keys import fragment_key, result_key
from tasks.run_state import NodeRecord, Run
from tasks.services import Services


async def store_result(
    run: Run, node: str, node_key: str, result: NodeResult, *, is_computed: bool = False
) -> NodeRecord:
    """Keep what a node returned: its files as one fragment, then its output.

    The files are taken one at a time, in a thread, and lie on this machine's disk until they are stored.

    What was only computed is left to the run's writer, which stores it soon: it can be computed again.

    Raises:
        UnsafeTree: a path must not be stored.
        FileTooLarge: a file is over the bound.
        RepomillError: whatever making a file raises.
    """
    organisation, root = run.services.scope.organisation_id, run.facts.root_id
    # The attempt is in the name: one that lost the execution and does not know may still write.
    name = f"{node_key}-{run.lease.attempt_id.hex}"
    key = fragment_key(organisation, root, name)
    paths = await _store_fragment(run.services, key, result.files) if result.files else []
    output = json.dumps(result.output_with(paths), ensure_ascii=False, sort_keys=True).encode()
    output_key = result_key(organisation, root, name)
    if is_computed:
        run.writer.keep(output_key, output)
    else:
        await run.services.store.put(output_key, output)
        run.just_stored[output_key] = output
    return NodeRecord(node, node_key, output_key, digest_bytes(output), key if paths else None, len(paths))


async def load_output(run: Run, record: NodeRecord) -> Json:
    """Return a node's output; raises `ArtifactMissing` when somebody removed it."""
    key = record.output_key
    content = run.just_stored.pop(key, None) or run.writer.kept(key) or await run.services.store.get(key)
    output: Json = json.loads(content)
    return output


async def _store_fragment(services: Services, key: str, files: Iterable[File]) -> list[str]:
    """Store the files and return their paths, in the order in which they came."""
    with scratch_folder() as folder:
        intake = _Intake(services.max_file_size)
        try:
            await asyncio.to_thread(intake.pack, files, folder / "fragment")
        finally:
            intake.stopped = True  # a thread cannot be cancelled
        if intake.paths:
            await services.store.put_file(key, folder / "fragment")
        return intake.paths


class _Unwanted(Exception):
    """Nobody waits for the files any more."""


@dataclass(slots=True)
class _Intake:
    max_file_size: int
    paths: list[str] = field(default_factory=list)
    stopped: bool = False

    def pack(self, files: Iterable[File], path: Path) -> None:
        """Write the files as they come; a generator that is left early is closed, as it may have processes."""
        with closing(files) if isinstance(files, Generator) else nullcontext():
            pack_file(self._checked(files), path)

    def _checked(self, files: Iterable[File]) -> Iterator[File]:
        for file in files:
            if self.stopped:
                raise _Unwanted
            if file.size > self.max_file_size:
                raise FileTooLarge(file.path, file.size, self.max_file_size)
            self.paths.append(file.path)
            yield file
