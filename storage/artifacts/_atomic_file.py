"""Files that appear whole or not at all."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
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
    try:
        with _opened_folder(path.parent) as folder, _Partial(folder) as partial:
            yield partial.file
            partial.file.flush()
            os.fsync(partial.file.fileno())
            partial.take(path.name)
            os.fsync(folder)
    except OSError as error:
        error.filename = str(path)
        raise


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


class _Partial:
    """A file that is being written in an open folder; its name of the time, if it has one, goes with it."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._name = f".{token_hex(8)}.partial"
        self._has_name = False
        self.file = self._opened()

    def __enter__(self) -> "_Partial":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.file.close()
        finally:
            if self._has_name:
                with suppress(FileNotFoundError):
                    os.unlink(self._name, dir_fd=self._folder)

    def take(self, name: str) -> None:
        """Give it its name, and take that away from a file which had it."""
        if not self._has_name:
            try:
                self._link(name)
            except FileExistsError:
                self._link(self._name)
                self._has_name = True
            else:
                return
        os.replace(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._has_name = False

    def _opened(self) -> BinaryIO:
        unnamed = getattr(os, "O_TMPFILE", 0)
        if unnamed:
            try:
                return os.fdopen(os.open(".", unnamed | os.O_WRONLY, 0o666, dir_fd=self._folder), "wb")
            except OSError as error:
                if error.errno not in _NO_UNNAMED_FILES:
                    raise
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        file = os.fdopen(os.open(self._name, flags, 0o666, dir_fd=self._folder), "wb")
        self._has_name = True
        return file

    def _link(self, name: str) -> None:
        """Give a file without a name one; see `man 2 open` under O_TMPFILE."""
        # Only with a folder's descriptor does Python use linkat, which follows the link in /proc.
        os.link(f"/proc/self/fd/{self.file.fileno()}", name, dst_dir_fd=self._folder, follow_symlinks=True)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before the next."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        with _opened_folder(folder.parent) as parent:
            os.fsync(parent)


@contextmanager
def _opened_folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
