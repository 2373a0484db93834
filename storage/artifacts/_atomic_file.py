"""Files that appear whole or not at all."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO, cast

_NO_UNNAMED_FILES = {errno.EISDIR, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL}
"""What file systems and kernels answer that do not know O_TMPFILE."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when the block ends well, and is gone otherwise.

    It lies beside `path`, so that the rename stays within one file system. Where the system can do that, it has no
    name until it is whole: of a process that is killed nothing is left. The name is one that no key can have. Content
    goes to the disk before the name does: after a power cut the name never leads to fewer bytes.

    Raises:
        OSError: it cannot be written; `filename` is `path`, whatever step failed.
    """
    partial = path.with_name(f".{token_hex(8)}.partial")
    try:
        with _opened(partial) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _name(file, partial)
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def unnamed_file(pieces: Iterable[bytes]) -> BinaryIO:
    """Return an open file with this content that lies on the disk and is gone once it is closed.

    Raises:
        OSError: it cannot be written; `filename` is the folder for temporary files.
    """
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        try:
            file.writelines(pieces)
            file.seek(0)
        except OSError as error:
            error.filename = gettempdir()
            raise
        stack.pop_all()
    return cast(BinaryIO, file)


def _opened(partial: Path) -> BinaryIO:
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed:
        try:
            return os.fdopen(os.open(partial.parent, unnamed | os.O_WRONLY, 0o666), "wb")
        except OSError as error:
            if error.errno not in _NO_UNNAMED_FILES:
                raise
    return partial.open("xb")


def _name(file: BinaryIO, partial: Path) -> None:
    """Give a file without a name one; see `man 2 open` under O_TMPFILE."""
    if os.fstat(file.fileno()).st_nlink:
        return
    folder = os.open(partial.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Only with a folder's descriptor does Python use linkat, which follows the link in /proc.
        os.link(f"/proc/self/fd/{file.fileno()}", partial.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before the next."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
