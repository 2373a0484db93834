"""Links under which anybody who has one can download an object for a while."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that needs no credentials, until `ends`."""

    url: str
    ends: datetime


def disposition(filename: str) -> str:
    """Return a Content-Disposition that makes browsers save under this name (RFC 6266)."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
