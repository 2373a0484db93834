"""A pack: one deterministic ZIP that holds a tree.

Members are sorted by path, carry the time 1980-01-01 and their Unix mode, and are deflated at level 6, or stored
where deflate gains nothing (images, archives). Level 6 was chosen over 10,000 text files, 57.5 MB, one core:

| level | deflate | size | inflate |
|---|---|---|---|
| stored | 0.05 s | 57.6 MB | 0.01 s |
| 1 | 0.45 s | 17.0 MB | 0.17 s |
| 6 | 0.84 s | 14.8 MB | 0.16 s |
| 9 | 1.78 s | 14.8 MB | 0.16 s |

The archive comment carries the pack format. Compressed bytes hold for one zlib; a tree's identity is its
manifest digest and never rests on them.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, Literal, cast

from repomill.canonical import digest_bytes
from repomill.errors import PackUnreadable, PathWrittenTwice, TreeCorrupt
from repomill.trees import _zip
from repomill.trees._in_order import in_order
from repomill.trees._zip import RawMember
from repomill.trees.packed import PackedFile
from repomill.trees.paths import check_paths
from repomill.trees.tree import Entry, File, Manifest, TreeFile

Compression = Literal["stored", "deflate"]

PACK_FORMAT: Final = 1
PACK_COMMENT: Final = f"repomill-pack/{PACK_FORMAT}".encode()

_SPOOL_BYTES: Final = 8 * 1024 * 1024
"""Compressed bytes kept in memory while a pack is written; more goes to an unlinked temporary file."""

_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """Where one file is in a pack: `stored_size` bytes from `offset` on are its content, as `compression` says."""

    entry: Entry
    offset: int
    stored_size: int
    compression: Compression


@dataclass(frozen=True, slots=True)
class Pack:
    """What is in a pack: the manifest, and a member for each of its entries, in the same order."""

    manifest: Manifest
    members: tuple[Member, ...]


def write_pack(files: Iterable[File], out: BinaryIO) -> Pack:
    """Write files, in any order, as a pack to the empty `out`, which need not be seekable.

    Files are read and compressed on all processors, some megabytes at a time, so files elsewhere cost no more memory
    than that and the index. Those that lie in another pack are copied as they are compressed there.

    Raises:
        UnsafeTree: a path is not safe; nothing was written to `out`.
    """
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        scratch = cast(BinaryIO, spool)
        batches = in_order(_compress_all, _batches(files), _size)
        members = [file.kept(scratch) for batch in batches for file in batch]
        return _assemble(members, out)


def pack_bytes(files: Iterable[File]) -> tuple[bytes, Pack]:
    """Return the pack of files as bytes."""
    out = BytesIO()
    pack = write_pack(files, out)
    return out.getvalue(), pack


def pack_file(files: Iterable[File], path: Path) -> Pack:
    """Write files as a pack to a path; raises as `write_pack` does, and `OSError`."""
    with path.open("wb") as out:
        return write_pack(files, out)


def read_pack(source: BinaryIO) -> Iterator[TreeFile]:
    """Yield the files of a pack in order of path, one at a time.

    Raises:
        PackUnreadable: `source` is not a pack, is cut, or a member fails its checksum or size.
        UnsafeTree: a path is not safe; no file was yielded.
    """
    members = _members(source)
    return (TreeFile(info.path, content, info.mode) for info, content in _zip.contents(members, source))


def packed_files(source: BinaryIO) -> tuple[PackedFile, ...]:
    """Return the files of a pack in order of path without reading them; raises as `read_pack` does."""
    return tuple(PackedFile(listed.path, listed, source) for listed in _members(source))


def check_pack(source: BinaryIO) -> None:
    """Accept a pack whose records and paths are sound, without reading contents; raises as `read_pack` does."""
    _members(source)


def index_pack(source: BinaryIO) -> Pack:
    """Read a whole pack once and tell what is in it; raises as `read_pack` does."""
    members = _raw_members(source)
    entries = tuple(member.entry for member in members)
    return Pack(Manifest(entries), tuple(_located(member, member.offset) for member in members))


def unpack_member(member: Member, raw: bytes) -> bytes:
    """Return the content of one file from the range `member.offset`, `member.stored_size` of its pack.

    Raises:
        TreeCorrupt: the range does not hold the file that the manifest names.
    """
    expected = f"sha256:{member.entry.sha256}"
    try:
        content = _zip.inflate(raw, member.entry.size) if member.compression == "deflate" else raw
    except zlib.error as error:
        raise TreeCorrupt(member.entry.path, expected, f"none: {error}") from error
    found = digest_bytes(content)
    if found != expected:
        raise TreeCorrupt(member.entry.path, expected, found)
    return content


def merge_packs(fragments: Sequence[tuple[str, BinaryIO]], out: BinaryIO) -> Pack:
    """Assemble the packs of nodes into one, copying compressed bytes as they are.

    The result has the bytes that `write_pack` would write for the same files. `fragments` are pairs of node path
    and seekable pack; a file that more than one node wrote alike is taken once.

    Raises:
        PathWrittenTwice: two nodes wrote a path with different content or mode.
        UnsafeTree: the paths are not safe together.
        PackUnreadable: a fragment is damaged; in each case nothing was written to `out`.
    """
    chosen: dict[str, tuple[str, RawMember]] = {}
    for node, source in fragments:
        for member in _raw_members(source):
            first_node, first = chosen.setdefault(member.entry.path, (node, member))
            if first.entry != member.entry:
                raise PathWrittenTwice(member.entry.path, (first_node, node))
    return _assemble([member for _, member in chosen.values()], out)


def rewrite_under(source: BinaryIO, folder: str, out: BinaryIO) -> None:
    """Copy a pack with every path put under a folder, compressed bytes as they are; raises as `read_pack` does."""
    _assemble([member.under(folder) for member in _raw_members(source)], out)


@dataclass(frozen=True, slots=True)
class _Compressed:
    entry: Entry
    crc: int
    compression: Compression
    raw: bytes

    def kept(self, scratch: BinaryIO) -> RawMember:
        offset = scratch.tell()
        scratch.write(self.raw)
        return RawMember(self.entry, self.crc, self.compression, scratch, offset, len(self.raw))


def _batches(files: Iterable[File]) -> Iterator[list[File]]:
    """Yield some files at a time, as handing each to a thread by itself would cost more than it brings."""
    batch: list[File] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if len(batch) >= _BATCH_FILES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _size(batch: list[File]) -> int:
    return sum(file.size for file in batch)


def _compress_all(batch: list[File]) -> list[_Compressed]:
    return [_taken_over(file) if isinstance(file, PackedFile) else _compress(file) for file in batch]


def _taken_over(file: PackedFile) -> _Compressed:
    raw, listed = file.raw, file.listed
    held = TreeFile(file.path, _zip.verified(listed, raw), file.mode)
    return _Compressed(Entry.of(held), listed.crc, listed.compression, raw)


def _compress(file: File) -> _Compressed:
    held = TreeFile(file.path, file.content, file.mode)
    deflated = _zip.deflate(held.content)
    smaller = len(deflated) < len(held.content)
    compression: Compression = "deflate" if smaller else "stored"
    raw = deflated if smaller else held.content
    return _Compressed(Entry.of(held), zlib.crc32(held.content), compression, raw)


def _assemble(members: list[RawMember], out: BinaryIO) -> Pack:
    """Check the paths, then write the members sorted; the one place where pack bytes come from."""
    check_paths(member.entry.path for member in members)
    ordered = sorted(members, key=lambda member: member.entry.path)
    offsets = _zip.write_members(ordered, PACK_COMMENT, out)
    located = tuple(_located(member, offset) for member, offset in zip(ordered, offsets, strict=True))
    return Pack(Manifest(tuple(member.entry for member in ordered)), located)


def _located(member: RawMember, offset: int) -> Member:
    return Member(member.entry, offset, member.stored_size, member.compression)


def _members(source: BinaryIO) -> list[_zip.Listed]:
    comment, members = _zip.list_members(source)
    if comment != PACK_COMMENT:
        raise PackUnreadable(f"its format is {comment.decode('ascii', 'replace')!r}, not {PACK_COMMENT.decode()!r}")
    check_paths(member.path for member in members)
    return members


def _raw_members(source: BinaryIO) -> list[RawMember]:
    return [
        listed.raw(Entry.of(TreeFile(listed.path, content, listed.mode)), source)
        for listed, content in _zip.contents(_members(source), source)
    ]
