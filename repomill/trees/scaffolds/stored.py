"""A Copier template as a workflow version keeps it: one tar of all that is in it, and where it came from.

A tar and not a pack of its files, because the names in a template are templates (`{% if x == "y" %}…`), which no
generated tree may have, and because Copier follows links inside a template.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from os import walk
from pathlib import Path
from typing import Final

from repomill.canonical import canonical_json
from repomill.errors import CopierTemplateFailed
from repomill.trees.tree import File, TreeFile

_ARCHIVE: Final = "template.tar"
_ORIGIN: Final = "origin.json"
_LEFT_OUT: Final = frozenset({".git", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a template came from; all but the address are empty for a folder, `version` is from `git describe`."""

    address: str
    ref: str = ""
    commit: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class StoredScaffold:
    """A template that needs nothing from outside any more; `archive` is an uncompressed tar."""

    origin: Origin
    archive: bytes

    def unpack(self, folder: Path) -> None:
        """Write the template into a new folder."""
        with tarfile.open(fileobj=BytesIO(self.archive)) as archive:
            archive.extractall(folder, filter="data")


def stored_files(folder: Path, origin: Origin) -> tuple[TreeFile, ...]:
    """Return what to store of a template folder; equal folders give equal bytes.

    Raises:
        CopierTemplateFailed: a link leads out of the folder, or something in it is no file, folder or link.
    """
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(_contents(folder)):
            member = _member(archive, path, folder, origin.address)
            archive.addfile(member, BytesIO(path.read_bytes()) if member.isreg() else None)
    return TreeFile(_ARCHIVE, out.getvalue()), TreeFile(_ORIGIN, canonical_json(asdict(origin)))


def stored_scaffold(files: Iterable[File]) -> StoredScaffold:
    """Read back what `stored_files` gave."""
    contents = {file.path: file.content for file in files}
    return StoredScaffold(Origin(**json.loads(contents[_ORIGIN])), contents[_ARCHIVE])


def _contents(folder: Path) -> Iterator[Path]:
    """Yield all below a folder, without what Git and Python keep there; links to folders are not entered."""
    for place, folders, files in walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (Path(place, name) for name in [*folders, *files] if name not in _LEFT_OUT)


def _member(archive: tarfile.TarFile, path: Path, folder: Path, address: str) -> tarfile.TarInfo:
    name = path.relative_to(folder).as_posix()
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise CopierTemplateFailed(address, f"{name} is a link that leads out of the template.")
    found = archive.gettarinfo(path, name)
    if not (found.isreg() or found.isdir() or found.issym() or found.islnk()):
        raise CopierTemplateFailed(address, f"{name} is neither a file nor a folder.")
    member = tarfile.TarInfo(name)
    member.type = tarfile.REGTYPE if found.islnk() else found.type
    member.linkname = found.linkname if found.issym() else ""
    member.size = path.stat().st_size if member.isreg() else 0
    member.mode = 0o755 if found.isdir() or found.mode & 0o100 else 0o644
    return member
