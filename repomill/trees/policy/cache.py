"""What scans found, kept by content: a file that did not change is not scanned again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Hit:
    """What a scan saw in a file's content, whatever any policy says of it; `line` counts from 1.

    `excused` tells that a comment on the line asks scanners to let it pass.
    """

    code: Literal["placeholder", "secret"]
    line: int
    message: str
    excused: bool = False


class ScanCache(Protocol):
    """Maps keys to texts of at most some kilobytes; both are opaque here.

    A key holds the digest of the content and of the rules, so an entry never becomes wrong and may be dropped at
    any time. `check_tree` asks for some hundred keys at once. No entry holds a secret.
    """

    def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Return those of the keys that are there."""
        ...

    def store(self, entries: Mapping[str, str]) -> None:
        """Keep entries; the same key always comes with the same text."""
        ...


@dataclass(slots=True)
class MemoryScanCache:
    """A cache in memory. `entries` can be read and filled from outside, to keep it as one object somewhere."""

    entries: dict[str, str] = field(default_factory=dict)

    def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: self.entries[key] for key in keys if key in self.entries}

    def store(self, entries: Mapping[str, str]) -> None:
        self.entries.update(entries)


def dump_hits(hits: Sequence[Hit]) -> str:
    """Return the text of hits, as a cache keeps it."""
    return json.dumps([[hit.code, hit.line, hit.message, hit.excused] for hit in hits], separators=(",", ":"))


def parse_hits(text: str) -> tuple[Hit, ...]:
    """Return the hits that `dump_hits` wrote."""
    return tuple(Hit(*row) for row in json.loads(text)) if text != "[]" else ()
