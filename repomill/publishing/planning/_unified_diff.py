"""A unified diff of as much as a person may want to read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from repomill.publishing._command import Git
from repomill.publishing.planning.plan import FileChange

MOST_FILES = 200
MOST_LINES = 4_000
MOST_LINES_OF_A_FILE = 1_000


@dataclass(frozen=True, slots=True)
class UnifiedDiff:
    """The text, and the paths of changes that it leaves out."""

    text: str
    left_out: tuple[str, ...]


async def unified_diff(git: Git, before: str, after: str, changes: Sequence[FileChange]) -> UnifiedDiff:
    """Show the first changes that fit; binary files are named only."""
    shown = _fitting(changes)
    left_out = tuple(change.path for change in changes if change not in shown)
    if not shown:
        return UnifiedDiff("", left_out)
    literal = replace(git, environment={**git.environment, "GIT_LITERAL_PATHSPECS": "1"})
    paths = [path for change in shown for path in (change.path, change.moved_from) if path]
    text = await literal.output(
        "diff-tree", "-r", "-p", "-M", "--no-color", "--no-ext-diff", "--no-textconv", before, after, "--", *paths
    )
    return UnifiedDiff(text, left_out)


def _fitting(changes: Sequence[FileChange]) -> list[FileChange]:
    shown: list[FileChange] = []
    lines = 0
    for change in changes:
        size = (change.added or 0) + (change.removed or 0)
        if len(shown) < MOST_FILES and size <= MOST_LINES_OF_A_FILE and lines + size <= MOST_LINES:
            shown.append(change)
            lines += size
    return shown
