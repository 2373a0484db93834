"""JSON pointers (RFC 6901) as text."""

ROOT = ""


def child(pointer: str, *parts: str | int) -> str:
    """Return the pointer of a member: keys and indexes are appended, `~` and `/` escaped."""
    for part in parts:
        pointer = f"{pointer}/{_escaped(part)}"
    return pointer


def parent(pointer: str) -> str:
    """Return the pointer of the object or list that holds the place."""
    return pointer.rpartition("/")[0]


def _escaped(part: str | int) -> str:
    text = str(part)
    return text.replace("~", "~0").replace("/", "~1") if "~" in text or "/" in text else text
