"""Placeholders: comments in which a model says that it left code out.

A file with `# ... rest of the code unchanged ...` in it is broken, however well it reads. Comments are taken by the
forms of the file's language, and a comment counts only when the whole of it is such a phrase: people write "the rest
of the arguments is passed on", and nobody but a model writes "rest of the code remains the same" into a file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from repomill.trees.policy.cache import Hit
from repomill.trees.policy.comments import CommentStyle, comment_style
from repomill.trees.policy.phrases import leaves_out, leaves_out_bare
from repomill.trees.policy.text import as_utf8

MAX_HITS: Final = 20
"""Placeholders reported of one file; more say nothing new."""

MAX_LINE: Final = 1000
"""Longer lines (minified code, data) are not looked at."""

_MAX_LOOKS_BACK: Final = 100
"""Bounds the work on a file made of lines that read like placeholders in a comment of several lines."""

# Every phrase has one of these. Only lines that have one are looked at, which is what makes the scan fast: 31 MB of
# Python take 2.5 s; over bytes in lower case, as matching text without regard to case takes twice as long.
_STEMS: Final = (
    "rest of", "the rest", "remain", "existing", "previous", "original", "omitted", "brevity", "unchanged",
    "unmodified", "untouched", "intact", "identical", "the same", "same as", "as before", "as is", "implement", " here",
    "elided", "truncated", "not shown", "no change", "changes", "placeholder", "todo", "fixme", "so on",
    "continue with", "for clarity", "for simplicity", "for readability", "for space", "for length", "concise",
    "save space", "in place", "...", "…",
)  # fmt: skip
_CANDIDATE: Final = re.compile(b"|".join(re.escape(stem.encode()) for stem in _STEMS))
_MESSAGE: Final = "A comment says that code is left out here."
_HEAD: Final = 8000
"""Bytes in which a NUL makes a file binary, as for Git."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    text: str


def find_placeholders(path: str, content: bytes) -> list[Hit]:
    """Return the placeholders in a file; binary files have none."""
    content = as_utf8(content)
    if b"\0" in content[:_HEAD]:
        return []
    search = _Search(comment_style(path), content)
    # The line is not quoted: whatever else is in it, a secret too, would get into findings and caches.
    hits = (Hit("placeholder", line.number, _MESSAGE) for line in _candidates(content) if search.is_placeholder(line))
    return list(islice(hits, MAX_HITS))


def _candidates(content: bytes) -> Iterator[_Line]:
    """Yield each line, once, that a phrase can be in."""
    number, counted, end = 1, 0, -1
    for match in _CANDIDATE.finditer(content.lower()):
        if match.start() > end:
            start = content.rfind(b"\n", 0, match.start()) + 1
            end = content.find(b"\n", match.end())
            end = len(content) if end < 0 else end
            number += content.count(b"\n", counted, start)
            counted = start
            if end - start <= MAX_LINE:
                yield _Line(number, start, content[start:end].decode("utf-8", "replace"))


class _Search:
    """Looks at lines of one file."""

    def __init__(self, style: CommentStyle, content: bytes) -> None:
        self._style = style
        self._content = content
        self._looks_back = 0

    def is_placeholder(self, line: _Line) -> bool:
        """Tell whether a line leaves code out."""
        return (
            any(leaves_out(comment) for comment in self._style.comments(line.text))
            or leaves_out_bare(line.text.strip())
            or self._is_in_block(line)
        )

    def _is_in_block(self, line: _Line) -> bool:
        if not leaves_out(line.text) or self._looks_back >= _MAX_LOOKS_BACK:
            return False
        self._looks_back += 1
        return self._style.is_open_after(self._content[: line.start].decode("utf-8", "replace"))
