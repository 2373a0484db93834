"""Archive formats: each is declared once, here, and written from a tree's pack.

An archive has the same bytes on every host, whatever the umask, time zone, locale or user, for one version of the
compressor. Files are streamed: one at a time is in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from shutil import copyfileobj
from types import MappingProxyType
from typing import BinaryIO, Final

from repomill.errors import ExportTargetInvalid
from repomill.trees._gzip import gzip_pieces
from repomill.trees._in_order import in_order
from repomill.trees._tar import tar_pieces
from repomill.trees.pack import check_pack, read_pack, rewrite_under
from repomill.trees.paths import check_paths

_ZSTD_LEVEL: Final = 3
"""The default of the `zstd` command."""


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


def _write_tar(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    out.writelines(tar_pieces(read_pack(pack), top_folder))


def _write_tar_gz(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    out.writelines(gzip_pieces(tar_pieces(read_pack(pack), top_folder)))


def _write_tar_zst(pack: BinaryIO, out: BinaryIO, top_folder: str) -> None:
    # The standard library's module from Python 3.14 on, under the name of its backport.
    from backports import zstd

    compressor = zstd.ZstdCompressor(level=_ZSTD_LEVEL)
    # One thread compresses, as the bytes must not depend on the number of processors, while this one reads.
    out.writelines(in_order(compressor.compress, tar_pieces(read_pack(pack), top_folder), len, threads=1))
    out.write(compressor.flush())


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
