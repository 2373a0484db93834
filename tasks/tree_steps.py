"""From node fragments to a generated project: assemble the pack, then record its files."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from repomill.errors import TreeBlocked, TreeCorrupt
from repomill.scratch import scratch_folder
from repomill.trees.file_types import file_type, preview
from repomill.trees.pack import PACK_FORMAT, Member, Pack, index_pack, read_pack
from repomill.trees.policy import Verdict
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import pack_key, spare_pack_key
from storage.database.models import GeneratedProject
from storage.database.repositories.generated_projects import StoredTree
from storage.database.repositories.project_files import StoredFile
from storage.database.transitions import GeneratedProjectStatus
from storage.database.work import Work
from tasks.fragments import merge_fragments
from tasks.run_state import Run, StoredProject
from tasks.stored_trees import stored_project
from tasks.tree_policy import blocked, check


@dataclass(frozen=True, slots=True)
class AssembledTree:
    """A pack in the artefact store, and what the database is to know of its files."""

    tree: StoredTree
    files: list[StoredFile]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _KeyTaken:
    """Retention is about to remove the pack of an older project with the same tree."""


async def assemble_tree(run: Run) -> AssembledTree:
    """Put the fragments together and store the pack under its digest; nothing stays on this machine's disk.

    Raises:
        PathWrittenTwice: two nodes wrote one path with different content.
        UnsafeTree: the paths are not safe together.
    """
    store = run.services.store
    with scratch_folder() as folder:
        path = folder / "pack.zip"
        pack = await merge_fragments(run.services.store, run.fragments(), path)
        key = pack_key(run.services.scope.organisation_id, pack.manifest.digest)
        if await store.exists(key):
            # Another zlib may have compressed the same files: offsets are to be those of what is stored.
            await store.download(key, path)
            pack = await asyncio.to_thread(_index, path)
        else:
            await store.put_file(key, path)
        files, verdict = await _look_through(run, pack, path)
    manifest = pack.manifest
    tree = StoredTree(manifest.digest, key, PACK_FORMAT, len(manifest.entries), manifest.total_size)
    return AssembledTree(tree, files, verdict)


async def record_project(run: Run, assembled: AssembledTree) -> StoredProject:
    """Record the files and totals; the project is completed with this transaction, or blocked by its policy.

    Raises:
        TreeBlocked: the policy found what must not leave; the tree is kept and can be released.
        TreeCorrupt: an earlier attempt recorded another tree, which somebody may have published since.
    """
    verdict = assembled.verdict.to_json()

    def write(work: Work) -> StoredProject | TreeBlocked | _KeyTaken:
        project = work.generated_projects.open(run.lease, run.services.store.name)
        if project.status is GeneratedProjectStatus.COMPLETED:
            _check_same(project, assembled.tree)
            return stored_project(work, project)
        if not work.objects.claim(assembled.tree.pack_key):
            work.objects.let_go(assembled.tree.pack_key)  # also what was just written there
            return _KeyTaken()
        work.generated_projects.record_files(run.lease, project.id, assembled.files)
        if assembled.verdict.blocked:
            refusal = blocked(project.id, assembled.verdict)
            work.generated_projects.block(run.lease, project.id, assembled.tree, str(refusal), verdict)
            work.events.append(run.facts.id, "tree.blocked", None, {"findings": len(refusal.findings)})
            return refusal
        project = work.generated_projects.complete(run.lease, project.id, assembled.tree, verdict)
        totals = {"files": project.total_files, "bytes": project.total_size, "tree": project.tree_digest}
        work.events.append(run.facts.id, "tree.stored", None, totals)
        return stored_project(work, project)

    recorded = await run.services.database.run(run.services.scope, write)
    if isinstance(recorded, _KeyTaken):
        spare = await _under_spare_key(run, assembled)
        return await record_project(run, spare)
    if isinstance(recorded, TreeBlocked):
        raise recorded  # after the transaction, which is to stay
    return recorded


async def _look_through(run: Run, pack: Pack, path: Path) -> tuple[list[StoredFile], Verdict]:
    """Read every file once, for what the database is to know of it and for the policy."""
    files: list[StoredFile] = []

    def described(contents: Iterator[TreeFile]) -> Iterator[TreeFile]:
        for member, file in zip(pack.members, contents, strict=True):
            files.append(describe(member, file.content))
            yield file

    with path.open("rb") as source:
        verdict = await check(run.services, run.facts.project_id, described(read_pack(source)), run.known_secrets)
    return files, verdict


async def _under_spare_key(run: Run, assembled: AssembledTree) -> AssembledTree:
    """Store the tree once more, where nobody removes it; its bytes are those that were described."""
    tree = assembled.tree
    key = spare_pack_key(run.services.scope.organisation_id, tree.digest, run.facts.id.hex)
    with scratch_folder() as folder:
        await merge_fragments(run.services.store, run.fragments(), folder / "pack.zip")
        await run.services.store.put_file(key, folder / "pack.zip")
        files, verdict = await _look_through(
            run, await asyncio.to_thread(_index, folder / "pack.zip"), folder / "pack.zip"
        )
    return AssembledTree(replace(tree, pack_key=key), files, verdict)


def _check_same(project: GeneratedProject, tree: StoredTree) -> None:
    if project.tree_digest != tree.digest:
        raise TreeCorrupt(f"Project {project.id}", str(project.tree_digest), tree.digest)


def _index(path: Path) -> Pack:
    with path.open("rb") as source:
        return index_pack(source)


def describe(member: Member, content: bytes) -> StoredFile:
    """Return what the database is to know of a member."""
    return StoredFile(
        entry=member.entry,
        file_type=file_type(member.entry.path, content),
        preview=preview(content),
        offset=member.offset,
        stored_size=member.stored_size,
        compression=member.compression,
    )
