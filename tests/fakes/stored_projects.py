"""Generated projects in a real database and store, made by the code that makes them in a run, without Prefect."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from repomill.trees.pack import PACK_FORMAT, Pack, pack_bytes, read_pack
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import pack_key
from storage.database.lease import Lease
from storage.database.models import Execution
from storage.database.repositories.generated_projects import StoredTree
from storage.database.transitions import ExecutionStatus
from storage.database.work import Work
from tasks.admission import Admission, admit
from tasks.finish_execution import finish
from tasks.ownership import LEASE, is_dead, this_process
from tasks.run_state import StoredProject
from tasks.services import Services
from tasks.stored_trees import stored_project
from tasks.tree_steps import describe

FILES = (
    TreeFile("README.md", b"# Tea\n"),
    TreeFile("bin/brew", b"#!/bin/sh\necho tea\n", "100755"),
    TreeFile("logo.bin", bytes(range(256))),
)

SPEC = """\
apiVersion: repomill/v1
name: tea
description: Makes tea.
inputs:
  type: object
  additionalProperties: false
  properties:
    kind: {type: string, enum: [green, black], default: green}
    cups: {type: integer, default: 1}
    server: {type: object, properties: {port: {type: integer}}, default: {}}
nodes:
  - {id: page, type: file_generation, config: {files: [{path: README.md, content: "# {{ inputs.kind }}"}]}}
"""


@dataclass(frozen=True)
class Stored:
    """An execution that completed, and its project."""

    execution: Execution
    project: StoredProject
    files: tuple[TreeFile, ...] = field(default=FILES)


def write_spec(folder: Path, text: str = SPEC, name: str = "workflow.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


async def admitted(services: Services, folder: Path, *options: str) -> Execution:
    """Let a run of `SPEC` in, as `repomill run` does."""
    return await admit(services, Admission(str(write_spec(folder)), options))


async def owned(services: Services, execution: Execution) -> Lease:
    """Own an execution as a flow run of this process does, its one node planned."""

    def acquire(work: Work) -> Lease:
        lease = work.executions.acquire(execution.id, this_process(), None, datetime.now(UTC), LEASE, is_dead)
        work.events.append(execution.id, "execution.started", None, {"attempt": "attempt 1"})
        work.nodes.plan(lease, {"page": "file_generation"})
        return lease

    return await services.database.run(services.scope, acquire)


async def store_project(
    services: Services, folder: Path, files: Iterable[TreeFile] = FILES, project: str = ""
) -> Stored:
    """Store a completed generation with these files, and the execution that made it."""
    files = tuple(files)
    execution = await admit(services, Admission(str(write_spec(folder)), project=project))
    lease = await owned(services, execution)
    tree, content, pack = await _stored(services, files)
    read = read_pack(BytesIO(content))
    rows = [describe(member, file.content) for member, file in zip(pack.members, read, strict=True)]

    def write(work: Work) -> StoredProject:
        opened = work.generated_projects.open(lease, services.store.name)
        work.generated_projects.generating(lease, opened.id)
        work.generated_projects.record_files(lease, opened.id, rows)
        return stored_project(work, work.generated_projects.complete(lease, opened.id, tree))

    stored = await services.database.run(services.scope, write)
    await finish(services, lease, ExecutionStatus.COMPLETED)
    return Stored(execution, stored, files)


async def stored_tree(services: Services, files: Iterable[TreeFile]) -> StoredTree:
    """Store a pack of these files, of no project."""
    return (await _stored(services, tuple(files)))[0]


async def _stored(services: Services, files: tuple[TreeFile, ...]) -> tuple[StoredTree, bytes, Pack]:
    content, pack = pack_bytes(files)
    key = pack_key(services.scope.organisation_id, pack.manifest.digest)
    await services.store.put(key, content)
    tree = StoredTree(pack.manifest.digest, key, PACK_FORMAT, len(files), pack.manifest.total_size)
    return tree, content, pack
