"""Renders a stored Copier template: starts the process, bounds it, and reads back what it wrote."""

import asyncio
import contextlib
import json
import os
import signal
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from repomill.canonical import Json
from repomill.errors import CopierAnswersInvalid, CopierTemplateFailed, CopierTemplateNotTrusted, RenderingTooLarge
from repomill.trees.paths import check_paths
from repomill.trees.scaffolds._process import RenderLimits, run_child
from repomill.trees.scaffolds.source import Allowance
from repomill.trees.scaffolds.stored import StoredScaffold
from repomill.trees.tree import TreeFile

_DEFAULT_LIMITS = RenderLimits()


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template gave; `skipped` names the features it has that were not allowed and could be left out."""

    files: tuple[TreeFile, ...]
    skipped: tuple[str, ...]


async def render_copier(
    template: StoredScaffold,
    answers: Mapping[str, Json],
    allow: Collection[Allowance] = (),
    name: str = "project",
    limits: RenderLimits = _DEFAULT_LIMITS,
) -> Rendered:
    """Render a template as `copier copy --defaults` would into a new folder called `name`.

    Nothing is fetched and nobody is asked. The process sees none of this one's environment; it is killed when the
    coroutine is cancelled.

    Raises:
        CopierAnswersInvalid: an answer is unknown, unfit or missing.
        CopierTemplateNotTrusted: the template needs what `allow` does not name.
        CopierTemplateFailed: Copier itself failed, or a link would be written.
        RenderingTooLarge: it went over `limits`.
        UnsafeTree: a rendered path is not safe.
    """
    address = template.origin.address
    with TemporaryDirectory(prefix="repomill-copier-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        destination = folder / "out" / name
        request = {
            "destination": str(destination),
            **asdict(template.origin),
            "answers": dict(answers),
            "allow": sorted(allow),
            "memory": limits.memory,
            "cpu": int(limits.seconds) + 1,
            "file_size": limits.file_size,
        }
        await asyncio.to_thread(_prepare, folder, template, request)
        status = await run_child(folder, allow, address, limits)
        skipped = _skipped(_reply(folder, status, limits), address)
        files = await asyncio.to_thread(lambda: tuple(_files(destination, address, limits)))
    check_paths(file.path for file in files)
    return Rendered(files, skipped)


def _prepare(folder: Path, template: StoredScaffold, request: Mapping[str, Json]) -> None:
    for inner in ("template", "out", "home"):
        (folder / inner).mkdir()
    template.unpack(folder / "template")
    (folder / "request.json").write_text(json.dumps(request))


def _reply(folder: Path, status: int, limits: RenderLimits) -> Mapping[str, Any]:
    with contextlib.suppress(FileNotFoundError, ValueError):
        reply: Mapping[str, Any] = json.loads((folder / "reply.json").read_bytes())
        return reply
    if status == -signal.SIGXCPU:
        return {"bound": f"{limits.seconds:g} seconds"}
    said = (folder / "log").read_text(errors="replace").strip().splitlines()
    return {"failed": f"its process ended with status {status} ({said[-1] if said else 'it said nothing'})."}


def _skipped(reply: Mapping[str, Any], address: str) -> tuple[str, ...]:
    if problems := reply.get("answers"):
        raise CopierAnswersInvalid(address, tuple(problems))
    if features := reply.get("needs"):
        raise CopierTemplateNotTrusted(address, tuple(features))
    if bound := reply.get("bound"):
        raise RenderingTooLarge(address, str(bound))
    if "failed" in reply:
        raise CopierTemplateFailed(address, str(reply["failed"]))
    return tuple(reply["skipped"])


def _files(folder: Path, address: str, limits: RenderLimits) -> Iterator[TreeFile]:
    """Read what was written; the repository that a task may have made around it is none of it."""
    left = limits.total_size
    for place, folders, names in os.walk(folder):
        if place == str(folder) and ".git" in folders:
            folders.remove(".git")
        links = [name for name in folders if Path(place, name).is_symlink()]
        for path in sorted(Path(place, name) for name in [*links, *names]):
            relative = path.relative_to(folder).as_posix()
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise CopierTemplateFailed(
                    address, f"it writes {relative} as {_what(found.st_mode)}; a tree holds files only."
                )
            left -= found.st_size
            if left < 0:
                raise limits.refuse_size(address)
            yield TreeFile(relative, path.read_bytes(), "100755" if found.st_mode & 0o100 else "100644")


def _what(mode: int) -> str:
    return "a link" if stat.S_ISLNK(mode) else "something that is no file"
