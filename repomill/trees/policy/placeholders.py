"""Placeholders: comments in which a model says that it left code out.

A file with `# ... rest of the code unchanged ...` in it is broken, however well it reads. Comments are taken by the
forms of the file's language, and a comment counts only when the whole of it is such a phrase: people write "the rest
of the arguments is passed on", and nobody but a model writes "rest of the code remains the same" into a file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
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

# Every phrase has one of these; finding none is what makes the scan of ordinary files fast.
_STEMS: Final = (
    b"rest", b"remain", b"existing", b"previous", b"original", b"omit", b"brevity", b"unchanged", b"unmodified",
    b"same as", b"as before", b"implement", b"here", b"elided", b"truncated", b"not shown", b"no change", b"...",
    "…".encode(),
)  # fmt: skip
_CANDIDATE: Final = re.compile(
    r"\b(?:rest of|the rest|remain|existing|previous|original|omitted|brevity|unchanged|unmodified|same as|as before"
    r"|implement|here\b|elided|truncated|not shown|no changes?\b)|\.\.\.|…",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    text: str


def find_placeholders(path: str, content: bytes) -> list[Hit]:
    """Return the placeholders in a file; binary files have none."""
    content = as_utf8(content)
    lowered = content.lower()
    if not any(stem in lowered for stem in _STEMS) or b"\0" in content[:8000]:
        return []
    text = content.decode("utf-8", "replace")
    search = _Search(comment_style(path), text)
    return [_hit(line, phrase) for line in _candidates(text) if (phrase := search.placeholder(line))][:MAX_HITS]


def _hit(line: _Line, phrase: str) -> Hit:
    return Hit("placeholder", line.number, f"Code is left out: {phrase.strip()[:100]!r}.")


def _candidates(text: str) -> Iterator[_Line]:
    """Yield each line, once, that a phrase can be in."""
    number, end = 1, -1
    counted = 0
    for match in _CANDIDATE.finditer(text):
        if match.start() <= end:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        end = len(text) if end < 0 else end
        number += text.count("\n", counted, start)
        counted = start
        if end - start <= MAX_LINE:
            yield _Line(number, start, text[start:end])


class _Search:
    """Looks at lines of one text."""

    def __init__(self, style: CommentStyle, text: str) -> None:
        self._style = style
        self._text = text
        self._looks_back = 0

    def placeholder(self, line: _Line) -> str:
        """Return the phrase with which a line leaves code out; empty when it does not."""
        phrases = (comment for comment in self._style.comments(line.text) if leaves_out(comment))
        whole = line.text.strip()
        return next(phrases, "") or (whole if leaves_out_bare(whole) or self._is_in_block(line) else "")

    def _is_in_block(self, line: _Line) -> bool:
        if not leaves_out(line.text) or self._looks_back >= _MAX_LOOKS_BACK:
            return False
        self._looks_back += 1
        return self._style.is_inside(self._text, line.start)
