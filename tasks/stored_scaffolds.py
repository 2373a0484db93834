"""Copier templates get in: a folder as it lies there, a Git repository at the commit its ref names."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from repomill.canonical import digest_file
from repomill.publishing.git_template import check_out_template
from repomill.scratch import scratch_folder
from repomill.trees.on_disk import files_in
from repomill.trees.pack import pack_file
from repomill.trees.scaffolds import CopierSource, Origin, stored_files
from repomill.trees.tree import File
from storage.artifacts.keys import template_key
from tasks.services import Services
from tasks.template_reads import recorded_reads


async def store_scaffold(services: Services, home: Path, source: CopierSource) -> dict[str, Any]:
    """Store a template whole, under a digest over its files and its origin; return what the version records.

    Raises:
        RemoteUrlInvalid, RemoteRefused, RemoteUnavailable, TemplateRefNotFound, CopierTemplateFailed: it cannot be had.
    """
    with scratch_folder() as scratch:
        folder, origin = await _found(scratch, home, source)
        files = stored_files(folder, origin)
    recorded = await store_template(services, files)
    return {**recorded, **asdict(origin)} if source.url else recorded


async def store_folder(services: Services, folder: Path, name: str) -> dict[str, Any]:
    """Store a template folder as a pack; return what the version records, with what the templates read."""
    with scratch_folder() as scratch:
        recorded = await _store(services, files_in(folder), scratch / "pack")
        return recorded | await asyncio.to_thread(recorded_reads, scratch / "pack", name)


async def store_template(services: Services, files: Iterable[File]) -> dict[str, Any]:
    """Store files of a template as a pack; equal files are stored once."""
    with scratch_folder() as scratch:
        return await _store(services, files, scratch / "pack")


async def _store(services: Services, files: Iterable[File], path: Path) -> dict[str, Any]:
    pack = await asyncio.to_thread(pack_file, files, path)
    key = template_key(services.scope.organisation_id, pack.manifest.digest)
    if not await services.store.exists(key):
        await services.store.put_file(key, path)
    return {"digest": pack.manifest.digest, "key": key, "pack": await asyncio.to_thread(digest_file, path)}


async def _found(scratch: Path, home: Path, source: CopierSource) -> tuple[Path, Origin]:
    if not source.url:
        return home / source.place, Origin(source.address)
    (repository := scratch / "repository").mkdir()
    found = await check_out_template(source.url, source.ref, repository, tree := scratch / "tree")
    return tree, Origin(source.address, source.ref, found.commit, found.version)
