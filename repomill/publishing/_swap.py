"""Two folders change places: in one step where the system can do that, else in two that can be taken back."""

import ctypes
import errno
import os
from pathlib import Path

_RENAME_EXCHANGE = 2
_AT_CURRENT_FOLDER = -100
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
"""What an older kernel, and a file system like NFS, answer."""


def swap(folder: Path, other: Path, aside: Path) -> None:
    """Make `folder` and `other`, on one file system, change places; `aside` does not exist and is used if need be.

    Raises:
        OSError: nothing changed.
    """
    if _exchange(folder, other):
        return
    folder.rename(aside)
    try:
        other.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(other)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names by `renameat2` (Linux); False where there is no such thing. The os module does not have it."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    if renameat2(_AT_CURRENT_FOLDER, names[0], _AT_CURRENT_FOLDER, names[1], ctypes.c_uint(_RENAME_EXCHANGE)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))
