"""The phrases with which models leave code out: `phrases.toml`, and how a comment is held against it."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from repomill.canonical import digest_bytes

_FILE: Final = Path(__file__).with_name("phrases.toml")

MAX_PHRASE: Final = 160
MAX_WORDS: Final = 20
"""No longer comment is such a phrase; the bounds also keep the patterns fast on any text."""

_DECORATION: Final = " \t\r.…-\u2013\u2014=*#/()[]{}<>:;,!~_|"
_OPEN_DECORATION: Final = " \t*#/-=_~<>{}()[]|;!"
# Three dots; a row of more is a ruler.
_STARTS: Final = re.compile(r"(?:\.{3}(?!\.)|…)")
_ENDS: Final = re.compile(r"(?:(?<!\.)\.{3}|…)\Z")
_THE_REST: Final = ("rest of", "the rest of", "remaining", "existing")


@cache
def phrases_version() -> str:
    """Return what changes with every change of a phrase; part of the keys of cached scans."""
    return digest_bytes(_FILE.read_bytes() + Path(__file__).read_bytes())[7:15]


def leaves_out(comment: str) -> bool:
    """Tell whether the text of a comment says that code is left out."""
    core = _core(comment)
    return bool(core) and (_matches("comments", core) or _elides(comment, core))


def leaves_out_bare(line: str) -> bool:
    """Tell whether a line with no comment marker says so: with dots around it or in brackets, which no code is."""
    core = _core(line)
    if not core:
        return False
    dots = _ellipses(line)
    if dots == 2:
        return _elides(line, core)
    bracketed = line.startswith(("[", "(", "<")) and line.endswith(("]", ")", ">"))
    return (bracketed or dots == 1) and core.startswith(_THE_REST) and _matches("comments", core)


def _elides(comment: str, core: str) -> bool:
    dots = _ellipses(comment)
    return (dots > 0 and _matches("with_ellipsis", core)) or (dots == 2 and _matches("between_ellipses", core))


def _core(comment: str) -> str:
    """Return the words of a comment; nothing of one that cannot be a placeholder."""
    if len(comment) > MAX_PHRASE or comment.count('"') % 2:  # half a string of the program is no comment
        return ""
    words = comment.replace("\u2019", "'").strip(_DECORATION).lower().split()
    return " ".join(words) if len(words) <= MAX_WORDS else ""


def _ellipses(comment: str) -> int:
    """Count the ends of a comment, none to two, that have dots."""
    text = comment.strip(_OPEN_DECORATION)
    return (_STARTS.match(text) is not None) + (_ENDS.search(text) is not None)


def _matches(section: str, core: str) -> bool:
    return _sections()[section].fullmatch(core) is not None


@cache
def _sections() -> dict[str, re.Pattern[str]]:
    phrases = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    words: dict[str, str] = {}
    for name, pattern in phrases.pop("words").items():
        words[name] = _filled(pattern, words)
    return {
        section: re.compile("|".join(_filled(pattern, words) for pattern in entry["patterns"]))
        for section, entry in phrases.items()
    }


def _filled(pattern: str, words: dict[str, str]) -> str:
    """Put words in the place of their names, and leave out the line ends that a TOML literal keeps."""
    joined = pattern.replace("\\\n", "")
    return re.sub(r"<(\w+)>", lambda name: f"(?:{words[name[1]]})", joined)
