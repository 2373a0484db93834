"""The Range header of HTTP (RFC 9110, section 14), for one range."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class NotSatisfiable(Exception):
    """No byte of the object lies in the range asked for."""


def parse_range(header: str, size: int) -> ByteRange | None:
    """Return the bytes a Range header asks for; None when the whole object is to be sent.

    A header that is malformed or asks for several ranges is ignored, as the RFC allows.

    Raises:
        NotSatisfiable: the range lies behind the end of the object, which has `size` bytes.
    """
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    start, end = match.groups()
    if not start:
        return _suffix(int(end), size)
    first, last = int(start), min(int(end or size), size - 1)
    if end and int(end) < first:
        return None
    if first >= size:
        raise NotSatisfiable
    return ByteRange(first, last)


def _suffix(length: int, size: int) -> ByteRange:
    if length == 0 or size == 0:
        raise NotSatisfiable
    return ByteRange(max(0, size - length), size - 1)
