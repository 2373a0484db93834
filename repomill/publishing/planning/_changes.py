"""Reads the difference between two trees out of `git diff-tree -z --raw --numstat`."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from repomill.publishing._command import Git
from repomill.publishing.planning.plan import ChangeKind, FileChange

_KINDS: Mapping[str, ChangeKind] = {"A": ChangeKind.ADD, "D": ChangeKind.DELETE, "R": ChangeKind.MOVE}
_Lines = tuple[int | None, int | None]


async def changes_between(
    git: Git, before: str, after: str, protected: Callable[[str], bool]
) -> tuple[FileChange, ...]:
    """Compare two trees, whose differing blobs are in the repository, and follow moves; sorted by path."""
    printed = await git.output("diff-tree", "-r", "-z", "-M", "-l2000", "--raw", "--numstat", before, after)
    return tuple(sorted(parse_changes(printed, protected), key=lambda change: change.path))


def parse_changes(printed: str, protected: Callable[[str], bool]) -> list[FileChange]:
    """Read the two sections: what happened to each file, and how many lines came and went."""
    fields = iter(printed.split("\0"))
    found: list[tuple[ChangeKind, str, str]] = []
    for field in fields:
        if not field.startswith(":"):
            fields = chain((field,), fields)
            break
        letter = field.split(" ")[4][0]
        kind = _KINDS.get(letter, ChangeKind.CHANGE)
        moved_from = next(fields) if kind is ChangeKind.MOVE else ""
        found.append((kind, next(fields), moved_from))
    lines = dict(_line_counts(fields))
    return [
        FileChange(path, kind, moved_from, *lines.get(path, (0, 0)), protected=protected(path) or protected(moved_from))
        for kind, path, moved_from in found
    ]


def _line_counts(fields: Iterator[str]) -> Iterator[tuple[str, _Lines]]:
    for field in fields:
        if not field:
            continue
        added, removed, path = field.split("\t", 2)
        if not path:  # a move: the old and the new path follow
            next(fields)
            path = next(fields)
        yield path, (_count(added), _count(removed))


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)
