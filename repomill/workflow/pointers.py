"""JSON pointers (RFC 6901) as text."""

ROOT = ""


def child(pointer: str, *parts: str | int) -> str:
    """Return the pointer of a member: keys and indexes are appended, `~` and `/` escaped."""
    return pointer + "".join(f"/{_escaped(part)}" for part in parts)


def parent(pointer: str) -> str:
    """Return the pointer of the object or list that holds the place."""
    return pointer.rpartition("/")[0]


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
