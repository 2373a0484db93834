"""Turns what Git left open into a tree in which nothing that a person wrote is lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from repomill.publishing.listings import SUBMODULE, SYMLINK, Blob
from repomill.publishing.merging._merge_tree import MergeOutput, Stages
from repomill.publishing.merging.conflicts import Conflict, Outcome
from repomill.publishing.tree_commits import Edits

_BASE, _OURS, _THEIRS = 1, 2, 3
_BINARY = "CONFLICT (binary)"
_MOVED_BY_BOTH = "CONFLICT (rename/rename)"


_NOTHING = {Outcome.STAYS_DELETED, Outcome.MOVED}


def resolve(output: MergeOutput, ours: str) -> tuple[Edits, tuple[Conflict, ...]]:
    """Return what has to change in the tree that Git wrote, and what is to be told; `ours` is our side's label."""
    aside = f"~{ours}"  # where Git puts a file of ours that a folder is in the way of
    kinds, said = _by_path(output)
    edits: dict[str, Blob | None] = {}
    conflicts: list[Conflict] = []
    for path, stages in output.stages.items():
        outcome = _outcome(stages, kinds[path])
        if outcome is None:
            continue
        conflicts.append(Conflict(path.removesuffix(aside) if outcome in _NOTHING else path, outcome, said[path]))
        if outcome in _NOTHING:
            edits[path] = None
        elif outcome is Outcome.KEPT:
            edits[path] = stages[_THEIRS]
    return edits, tuple(sorted(conflicts))


def _outcome(stages: Stages, kinds: Iterable[str]) -> Outcome | None:
    """Decide about one path; None where its other name tells all."""
    if _MOVED_BY_BOTH in kinds and len(stages) == 1:
        return Outcome.MOVED if _OURS in stages else None
    if len(stages) == 1:  # only one side has the path: a file where the other one has a folder
        return None if _BASE in stages else Outcome.APART
    if _OURS not in stages:
        return Outcome.KEPT
    if _THEIRS not in stages:
        return Outcome.STAYS_DELETED
    special = any(blob.mode in {SUBMODULE, SYMLINK} for blob in stages.values())
    return Outcome.KEPT if special or _BINARY in kinds else Outcome.MARKED


def _by_path(output: MergeOutput) -> tuple[Mapping[str, set[str]], Mapping[str, str]]:
    kinds: dict[str, set[str]] = defaultdict(set)
    said: dict[str, str] = defaultdict(str)
    for message in output.messages:
        if not message.kind.startswith("CONFLICT"):
            continue
        for path in message.paths:
            kinds[path].add(message.kind)
            said[path] = said[path] or message.text
    return kinds, said
