"""Path safety: which paths a generated tree may have.

A tree is cloned, unpacked and served on systems that disagree about names, so a path must mean the same
file on Linux, macOS and Windows, and must never mean a file outside the tree or inside `.git`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Final

from pathvalidate import FileNameValidator, Platform

from repomill.errors import UnsafeTree

MAX_PART_BYTES: Final = 255
MAX_PATH_BYTES: Final = 4096

_WINDOWS_NAMES: Final = {*FileNameValidator(platform=Platform.WINDOWS).reserved_keywords, "CONIN$", "CONOUT$"}
# HFS+ leaves these out when it compares names (git's utf8.c, next_hfs_char), so `.g\u200cit` opens `.git` there.
_IGNORED_BY_HFS: Final = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS_SHORT_GIT: Final = re.compile(r"git~\d+")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_WINDOWS_CHARACTERS: Final = frozenset('<>:"|?*')

# Nearly every path of a tree is made of these and breaks no rule below, which a match tells ten times as fast.
_DEVICES: Final = "|".join(re.escape(name) for name in sorted(_WINDOWS_NAMES) if name.isascii())
_PLAIN_PART: Final = rf"(?!(?:{_DEVICES})(?:\.|/|\Z)|\.git(?:/|\Z))[A-Za-z0-9_.+@-]*[A-Za-z0-9_+@-]"
_PLAIN: Final = re.compile(rf"(?i:{_PLAIN_PART}(?:/{_PLAIN_PART})*)\Z")

_Rule = tuple[Callable[[str], bool], str]


def check_paths(paths: Iterable[str]) -> None:
    """Accept paths that are safe on every system, together.

    Raises:
        UnsafeTree: `problems` has one sentence for each fault of each path, in the order of the paths; faults
            between two paths come last.
    """
    listed = list(paths)
    problems = [f"{path!r} {fault}" for path in listed for fault in _faults(path)]
    problems += _collisions(listed)
    if problems:
        raise UnsafeTree(tuple(problems))


def join_path(folder: str, path: str) -> str:
    """Put a path under a folder of the tree; `.` and the empty string mean the root.

    Nothing else is normalised away: `join_path("src", "../x")` keeps its `..`, and `check_paths` refuses it.
    """
    inner = path.removeprefix("./")
    base = folder.removeprefix("./")
    return inner if base in {"", "."} else f"{base.rstrip('/')}/{inner}"


def name_key(path: str) -> str:
    """Return one key for all spellings that a case-insensitive or normalising file system takes as one name."""
    if path.isascii():
        return path.lower()
    decomposed = unicodedata.normalize("NFD", _IGNORED_BY_HFS.sub("", path))
    return unicodedata.normalize("NFD", decomposed.casefold())


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path needs, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_dot_git(part: str) -> bool:
    """Tell whether some file system opens `.git` under this name (the list is git's own, from CVE-2014-9390 on)."""
    plain = unicodedata.normalize("NFKC", _IGNORED_BY_HFS.sub("", part)).casefold()
    # NTFS cuts a stream name (`.git::$INDEX_ALLOCATION`) and Windows cuts trailing dots and spaces.
    plain = plain.partition(":")[0].rstrip(". ")
    return plain == ".git" or _NTFS_SHORT_GIT.fullmatch(plain) is not None


def _is_windows_name(part: str) -> bool:
    """Windows takes the name before the first dot: `con.tar.gz` is the console."""
    return part.partition(".")[0].rstrip(" ").upper() in _WINDOWS_NAMES


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


_PATH_RULES: Final[tuple[_Rule, ...]] = (
    (lambda path: path == "", "is empty."),
    (lambda path: path.startswith(("//", "\\\\")), "is a network path."),
    (lambda path: path.startswith(("/", "\\")), "is absolute."),
    (lambda path: _DRIVE.match(path) is not None, "starts with a drive letter."),
    (lambda path: "\\" in path, "has a backslash, which Windows takes as a separator."),
    (lambda path: _CONTROL.search(path) is not None, "has a control character."),
    (lambda path: _SURROGATE.search(path) is not None, "has a lone surrogate, which UTF-8 cannot spell."),
    (lambda path: not unicodedata.is_normalized("NFC", path), "is not in Unicode normal form NFC."),
    (lambda path: _size(path) > MAX_PATH_BYTES, f"is longer than {MAX_PATH_BYTES} bytes."),
)

_PART_RULES: Final[tuple[_Rule, ...]] = (
    (lambda part: part == "", "has an empty part."),
    (lambda part: part in {".", ".."}, "has a '.' or '..' part."),
    (_is_dot_git, "would be opened as '.git'."),
    (_is_windows_name, "has a part that is a device on Windows."),
    (lambda part: not _WINDOWS_CHARACTERS.isdisjoint(part), 'has one of < > : " | ? *, which Windows refuses.'),
    (lambda part: part.strip(".") != "" and part.endswith((".", " ")), "has a part that ends in a dot or space."),
    (lambda part: part.strip(".") == "" and len(part) > 2, "has a part of dots only."),
    (lambda part: _size(part) > MAX_PART_BYTES, f"has a part longer than {MAX_PART_BYTES} bytes."),
)


def _faults(path: str) -> Iterator[str]:
    """Yield each fault of one path once; parts end at Windows separators too."""
    if len(path) <= MAX_PART_BYTES and _PLAIN.match(path):
        return
    yield from (sentence for breaks, sentence in _PATH_RULES if breaks(path))
    parts = path.replace("\\", "/").split("/") if path else []
    yield from (sentence for breaks, sentence in _PART_RULES if any(breaks(part) for part in parts))


def _folders(paths: list[str]) -> list[str]:
    """Return each folder above the paths once, an outer one before what is in it."""
    found: dict[str, None] = {}
    for path in paths:
        missing = list(takewhile(lambda folder: folder not in found, folders_above(path)))
        found.update(dict.fromkeys(reversed(missing)))
    return list(found)


def _collisions(paths: list[str]) -> list[str]:
    """Return a sentence for each pair of names that some file system takes as one."""
    problems: list[str] = []
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        key = name_key(path)
        if key in files:
            problems.append(_collision(path, files[key]))
        files.setdefault(key, path)
    for folder in _folders(paths):
        key = name_key(folder)
        if key in files:
            problems.append(f"{files[key]!r} is a file and {folder!r} is a folder.")
        first = folders.setdefault(key, folder)
        if first != folder:
            problems.append(f"The folders {folder!r} and {first!r} differ only in case or Unicode form.")
    return problems


def _collision(path: str, first: str) -> str:
    if path == first:
        return f"{path!r} is there twice."
    return f"{path!r} and {first!r} differ only in case or Unicode form."
