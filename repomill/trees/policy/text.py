"""The text of a file, for scans that look at lines."""

import codecs
from collections.abc import Sequence
from typing import Final

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def as_utf8(content: bytes) -> bytes:
    """Return UTF-16 with a byte order mark as UTF-8, and everything else as it is."""
    return content.decode("utf-16", "replace").encode() if content.startswith(_UTF_16) else content


def lines_of(content: bytes) -> Sequence[str]:
    """Return the lines of a file; bytes that are no text become replacement characters."""
    return as_utf8(content).decode("utf-8", "replace").split("\n")
