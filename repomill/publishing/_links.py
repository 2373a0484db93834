"""A copy of a checkout that costs no space: files are shared with it until one of the two replaces them."""

import os
import shutil
from pathlib import Path

from repomill.errors import PlaceUnusable


def clone_by_links(folder: Path, copy: Path) -> None:
    """Copy a checkout with everything a person keeps in it, ignored files and Git's own configuration included.

    Git replaces files of the work tree and never writes into an object, so both can be hard links. What else is in
    `.git` is copied: logs, for one, are appended to in place.

    Raises:
        PlaceUnusable: something cannot be read, or the disk is full.
    """

    def link_or_copy(source: str, target: str) -> None:
        parts = Path(source).relative_to(folder).parts
        if parts[0] == ".git" and parts[1:2] != ("objects",):
            shutil.copy2(source, target)
        else:
            _link(source, target)

    try:
        shutil.copytree(folder, copy, symlinks=True, copy_function=link_or_copy)
    except shutil.Error as error:
        path, _, reason = error.args[0][0]
        raise PlaceUnusable(str(path), str(reason)) from error
    except OSError as error:
        raise PlaceUnusable(str(folder), error.strerror or str(error)) from error


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        # Another file system mounted inside, somebody else's file, or a file system without hard links.
        shutil.copy2(source, target, follow_symlinks=False)
