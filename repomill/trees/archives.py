"""Archive formats: each is declared once, here, and written from a tree's pack.

An archive has the same bytes on every host, whatever the umask, time zone, locale or user, for one version of the
compressor. Files are streamed: one at a time is in memory.
"""

import gzip
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from shutil import copyfileobj
from types import MappingProxyType
from typing import BinaryIO, Final, cast

from repomill.errors import ExportTargetInvalid
from repomill.trees.pack import check_pack, read_pack, rewrite_under
from repomill.trees.paths import check_paths, join_path
from repomill.trees.tree import TreeFile

_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 3
"""The default of the `zstd` command; one thread, so that the bytes do not depend on the number of cores."""
_MODIFIED: Final = 315_532_800
"""1980-01-01 00:00 UTC, the time that pack members carry: the earliest a ZIP can tell."""


@dataclass(frozen=True, slots=True)
class ArchiveFormat:
    """How a tree becomes one file; `write(pack, out, top_folder)` streams it."""

    name: str
    suffix: str
    media_type: str
    write: Callable[[BinaryIO, BinaryIO, str], None]


def archive_name(name: str) -> str:
    """Accept the name of a format; raises `ValueError` for any other."""
    if name not in ARCHIVE_FORMATS:
        raise ValueError(f"{name!r} is not an archive format; there are {', '.join(ARCHIVE_FORMATS)}")
    return name


def write_archive(format_name: str, pack: BinaryIO, out: BinaryIO, top_folder: str = "") -> None:
    """Write the tree in a seekable pack as an archive to the empty `out`, its files under `top_folder` if given.

    Raises:
        ExportTargetInvalid: no format has this name.
        PackUnreadable: the pack is damaged.
        UnsafeTree: `top_folder` or a path is not safe.
    """
    chosen = ARCHIVE_FORMATS.get(format_name)
    if chosen is None:
        raise ExportTargetInvalid(format_name, ", ".join(ARCHIVE_FORMATS))
    if top_folder:
        check_paths([top_folder])
    chosen.write(pack, out, top_folder)


def _write_zip(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    """The pack is the archive; only a top folder asks for other records around the same compressed bytes."""
    if top_folder:
        rewrite_under(pack, top_folder, out)
        return
    check_pack(pack)
    pack.seek(0)
    copyfileobj(pack, out)


def _write_tar_gz(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as compressed:
        _write_tar(pack, compressed, top_folder)


def _write_tar_zst(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    # The standard library's module from Python 3.14 on, under the name of its backport.
    from backports import zstd

    with zstd.ZstdFile(out, mode="wb", level=_ZSTD_LEVEL) as compressed:
        _write_tar(pack, cast(BinaryIO, compressed), top_folder)


def _write_tar(pack: BinaryIO, out: BinaryIO | gzip.GzipFile, top_folder: str) -> None:
    # Without `encoding` the names would follow the locale of the process.
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for file in read_pack(pack):
            archive.addfile(_tar_record(file, top_folder), BytesIO(file.content))


def _tar_record(file: TreeFile, top_folder: str) -> tarfile.TarInfo:
    record = tarfile.TarInfo(join_path(top_folder, file.path))
    record.size = len(file.content)
    record.mode = int(file.mode, 8) & 0o777
    record.mtime = _MODIFIED
    return record


ARCHIVE_FORMATS: Final[Mapping[str, ArchiveFormat]] = MappingProxyType(
    {
        archive.name: archive
        for archive in (
            ArchiveFormat("zip", ".zip", "application/zip", _write_zip),
            ArchiveFormat("tar", ".tar", "application/x-tar", _write_tar),
            ArchiveFormat("tar.gz", ".tar.gz", "application/gzip", _write_tar_gz),
            ArchiveFormat("tar.zst", ".tar.zst", "application/zstd", _write_tar_zst),
        )
    }
)
