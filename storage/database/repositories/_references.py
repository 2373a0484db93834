"""What people type instead of an object: an id, the beginning of one, or `latest`."""

import re
from dataclasses import dataclass
from uuid import UUID

LATEST = "latest"
MATCHES_SHOWN = 5

_HEX = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class IdRange:
    """All ids that start with what was typed; both ends belong to it.

    A range, unlike a pattern, uses the primary key's index, and works on SQLite's text and PostgreSQL's uuid alike.
    """

    first: UUID
    last: UUID


def id_range(reference: str) -> IdRange | None:
    """Return the ids that a whole id or a prefix means, None for something else."""
    digits = reference.replace("-", "").lower()
    if not _HEX.fullmatch(digits):
        return None
    return IdRange(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))
