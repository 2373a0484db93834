"""ZIP members as raw bytes: the standard library writes and reads the records, the compressed bytes pass through.

`zipfile` cannot add bytes that are compressed already, but its `ZipInfo.FileHeader` and the central directory it
writes on close are all that is needed for it, ZIP64 included.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Literal, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from isal import isal_zlib

from repomill.errors import PackUnreadable
from repomill.trees.paths import join_path
from repomill.trees.tree import Entry, FileMode

Compression = Literal["stored", "deflate"]

_LEVEL: Final = 6
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_IsalError: Final = cast("type[Exception]", isal_zlib.error)  # its stub has an instance in this place
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_METHODS: Final[dict[Compression, int]] = {"stored": ZIP_STORED, "deflate": ZIP_DEFLATED}
_COMPRESSIONS: Final[dict[int, Compression]] = {method: name for name, method in _METHODS.items()}
_MODES: Final[dict[int, FileMode]] = {0o100644: "100644", 0o100755: "100755"}
_LOCAL_HEADER_SIZE: Final = 30
_LOCAL_HEADER_LENGTHS: Final = struct.Struct("<26xHH")


@dataclass(frozen=True, slots=True)
class RawMember:
    """A file's compressed bytes, `stored_size` of them at `offset` of `source`, and what they hold."""

    entry: Entry
    crc: int
    compression: Compression
    source: BinaryIO
    offset: int
    stored_size: int

    def read(self) -> bytes:
        """Return the compressed bytes."""
        self.source.seek(self.offset)
        return self.source.read(self.stored_size)

    def under(self, folder: str) -> "RawMember":
        """Return the same bytes under another path."""
        return replace(self, entry=replace(self.entry, path=join_path(folder, self.entry.path)))


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as the central directory lists it; `offset` is that of its data."""

    path: str
    mode: FileMode
    size: int
    crc: int
    compression: Compression
    offset: int
    stored_size: int

    def raw(self, entry: Entry, source: BinaryIO) -> RawMember:
        """Add what only reading the content tells."""
        return RawMember(entry, self.crc, self.compression, source, self.offset, self.stored_size)


def deflate(content: bytes) -> bytes:
    """Compress without any header."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW_DEFLATE)
    return compressor.compress(content) + compressor.flush()


def inflate(raw: bytes, size: int) -> bytes:
    """Decompress to at most one byte more than `size`, so that damaged bytes cannot fill the memory.

    ISA-L takes half the time of zlib; what comes out is the same, whoever inflates.

    Raises:
        zlib.error: the bytes are not deflated data, or are cut.
    """
    decompressor = isal_zlib.decompressobj(_RAW_DEFLATE)
    try:
        content = decompressor.decompress(raw, size + 1)
    except _IsalError as error:
        raise zlib.error(str(error)) from error
    if not decompressor.eof:
        raise zlib.error("the data do not end where they should")
    return content


def write_members(members: Iterable[RawMember], comment: bytes, out: BinaryIO) -> list[int]:
    """Write a ZIP to the empty `out` and return where each member's data begin."""
    offsets = []
    with ZipFile(out, "w") as archive:
        stream = cast(BinaryIO, archive.fp)  # counts for itself when `out` cannot tell
        for member in members:
            info = _info(member, stream.tell())
            stream.write(info.FileHeader())
            offsets.append(stream.tell())
            stream.write(member.read())
            archive.filelist.append(info)
        archive.start_dir = stream.tell()
        archive.comment = comment
    return offsets


def list_members(source: BinaryIO) -> tuple[bytes, list[Listed]]:
    """Return the archive comment and the members in order of path; raises `PackUnreadable`."""
    try:
        with ZipFile(source) as archive:
            listed = [_listed(info, source) for info in archive.infolist()]
            return archive.comment, sorted(listed, key=lambda member: member.path)
    except (BadZipFile, LargeZipFile, NotImplementedError, ValueError, struct.error, EOFError) as error:
        raise PackUnreadable(str(error)) from error


def contents(members: Iterable[Listed], source: BinaryIO) -> Iterator[tuple[Listed, bytes]]:
    """Yield each member with its content, sizes and checksum verified; raises `PackUnreadable`."""
    for member in members:
        source.seek(member.offset)
        yield member, verified(member, source.read(member.stored_size))


def verified(member: Listed, raw: bytes) -> bytes:
    """Return the content of the stored bytes; raises `PackUnreadable` unless it is what the pack lists."""
    try:
        content = inflate(raw, member.size) if member.compression == "deflate" else raw
    except zlib.error as error:
        raise PackUnreadable(f"{member.path}: {error}") from error
    if (len(raw), len(content), zlib.crc32(content)) != (member.stored_size, member.size, member.crc):
        raise PackUnreadable(f"{member.path} fails its size or checksum")
    return content


def _info(member: RawMember, header_offset: int) -> ZipInfo:
    info = ZipInfo(member.entry.path, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = int(member.entry.mode, 8) << 16
    info.compress_type = _METHODS[member.compression]
    info.CRC = member.crc
    info.compress_size = member.stored_size
    info.file_size = member.entry.size
    info.header_offset = header_offset
    return info


def _listed(info: ZipInfo, source: BinaryIO) -> Listed:
    """Take a central directory record; anything a pack never holds (links, folders, encryption) is refused."""
    mode = _MODES.get(info.external_attr >> 16)
    compression = _COMPRESSIONS.get(info.compress_type)
    if mode is None or compression is None or info.flag_bits & 1:
        raise BadZipFile(f"member {info.orig_filename!r} is not a plain file")
    source.seek(info.header_offset)
    name_size, extra_size = _LOCAL_HEADER_LENGTHS.unpack(source.read(_LOCAL_HEADER_SIZE))
    offset = info.header_offset + _LOCAL_HEADER_SIZE + name_size + extra_size
    return Listed(info.orig_filename, mode, info.file_size, info.CRC, compression, offset, info.compress_size)
