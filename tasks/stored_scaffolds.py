"""Copier templates get in: a folder as it lies there, a Git repository at the commit its ref names."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from repomill.canonical import digest_bytes
from repomill.publishing.git_template import check_out_template
from repomill.trees.pack import pack_bytes
from repomill.trees.scaffolds import CopierSource, Origin, stored_files
from repomill.trees.tree import TreeFile
from storage.artifacts.keys import template_key
from tasks.services import Services


async def store_scaffold(services: Services, home: Path, source: CopierSource) -> dict[str, Any]:
    """Store a template whole, under a digest over its files and its origin; return what the version records.

    Raises:
        RemoteUrlInvalid, RemoteRefused, RemoteUnavailable, TemplateRefNotFound, CopierTemplateFailed: it cannot be had.
    """
    with TemporaryDirectory(prefix="repomill-template-", ignore_cleanup_errors=True) as scratch:
        folder, origin = await _found(Path(scratch), home, source)
        files = stored_files(folder, origin)
    recorded = await store_template(services, files)
    return {**recorded, **asdict(origin)} if source.url else recorded


async def store_template(services: Services, files: tuple[TreeFile, ...] | list[TreeFile]) -> dict[str, Any]:
    """Store files of a template as a pack; equal files are stored once."""
    content, pack = pack_bytes(files)
    key = template_key(services.scope.organisation_id, pack.manifest.digest)
    if not await services.store.exists(key):
        await services.store.put(key, content)
    return {"digest": pack.manifest.digest, "key": key, "pack": digest_bytes(content)}


async def _found(scratch: Path, home: Path, source: CopierSource) -> tuple[Path, Origin]:
    if not source.url:
        return home / source.place, Origin(source.address)
    (repository := scratch / "repository").mkdir()
    found = await check_out_template(source.url, source.ref, repository, tree := scratch / "tree")
    return tree, Origin(source.address, source.ref, found.commit, found.version)
