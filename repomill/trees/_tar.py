"""A tree as the bytes of a tar, the same that `tarfile` writes in its POSIX (pax) format, ten times as fast.

`tarfile` makes 10,000 records in 0.4 s, which is more than compressing them takes. Nearly all names fit the plain
record, whose fields but name, mode and size never change; the others are left to `tarfile`.
"""

import tarfile
from collections.abc import Iterable, Iterator
from typing import Final

from repomill.trees.paths import join_path
from repomill.trees.tree import FileMode, TreeFile

MODIFIED: Final = 315_532_800
"""1980-01-01 00:00 UTC, the time that pack members carry: the earliest a ZIP can tell."""

_PIECE: Final = 1024 * 1024
_LONGEST_NAME: Final = 100
_LARGEST_SIZE: Final = 8 * 1024**3 - 1
"""What eleven octal digits can say."""

_CHECKSUM: Final = slice(148, 156)


def tar_pieces(files: Iterable[TreeFile], top_folder: str = "") -> Iterator[bytes]:
    """Yield a tar of the files, in pieces of about a megabyte: small files together, large ones in parts."""
    parts: list[bytes] = []
    held = written = 0
    for part in _parts(files, top_folder):
        parts.append(part)
        held += len(part)
        if held >= _PIECE:
            yield b"".join(parts)
            written += held
            parts, held = [], 0
    # As `tar` does, it ends with two empty blocks and fills the last record.
    end = 2 * tarfile.BLOCKSIZE
    end += -(written + held + end) % tarfile.RECORDSIZE
    yield b"".join([*parts, bytes(end)])


def _parts(files: Iterable[TreeFile], top_folder: str) -> Iterator[bytes]:
    for file in files:
        size = len(file.content)
        yield _record(join_path(top_folder, file.path) if top_folder else file.path, size, file.mode)
        if size <= _PIECE:
            yield file.content
        else:
            yield from (file.content[start : start + _PIECE] for start in range(0, size, _PIECE))
        yield _FILLING[size % tarfile.BLOCKSIZE]


def _record(name: str, size: int, mode: FileMode) -> bytes:
    if not name.isascii() or len(name) > _LONGEST_NAME or size > _LARGEST_SIZE:
        return _by_tarfile(name, size, mode)
    record = bytearray(_PLAIN[mode])
    record[: len(name)] = name.encode()
    record[124:135] = b"%011o" % size
    record[_CHECKSUM] = b"%06o\0 " % (sum(record) + 8 * ord(" "))
    return bytes(record)


def _by_tarfile(name: str, size: int, mode: FileMode) -> bytes:
    record = tarfile.TarInfo(name)
    record.size, record.mode, record.mtime = size, int(mode, 8) & 0o777, MODIFIED
    # Without `encoding` the name would follow the locale of the process.
    return record.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _without_checksum(mode: FileMode) -> bytes:
    record = bytearray(_by_tarfile("", 0, mode))
    record[_CHECKSUM] = bytes(8)
    return bytes(record)


_FILLING: Final = [bytes(-rest % tarfile.BLOCKSIZE) for rest in range(tarfile.BLOCKSIZE)]
_MODES: Final[tuple[FileMode, ...]] = ("100644", "100755")
_PLAIN: Final = {mode: _without_checksum(mode) for mode in _MODES}
