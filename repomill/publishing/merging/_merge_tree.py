"""Reads what `git merge-tree --write-tree -z` prints (`git help merge-tree`, OUTPUT)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repomill.publishing.listings import Blob

Stages = Mapping[int, Blob]
"""A path in conflict: 1 is the base, 2 ours, 3 theirs; a stage that a side does not have is not there."""


@dataclass(frozen=True, slots=True)
class Message:
    """What Git says of paths; `kind` is stable, as `CONFLICT (modify/delete)`, `text` is for people."""

    paths: Sequence[str]
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MergeOutput:
    """The tree that was written, with markers in it, and all that is to be said of it."""

    tree: str
    stages: Mapping[str, Stages]
    messages: Sequence[Message]


def parse_merge_output(printed: str) -> MergeOutput:
    """Read the output of a merge, clean or not."""
    fields = iter(printed.split("\0"))
    tree = next(fields)
    stages: dict[str, dict[int, Blob]] = defaultdict(dict)
    for field in fields:
        if not field:  # an empty field parts the two sections
            break
        facts, _, path = field.partition("\t")
        mode, blob, stage = facts.split(" ")
        stages[path][int(stage)] = Blob(mode, blob)
    return MergeOutput(tree, dict(stages), tuple(_messages(fields)))


def _messages(fields: Iterator[str]) -> Iterator[Message]:
    for count in fields:
        if not count:
            return
        paths = tuple(next(fields) for _ in range(int(count)))
        yield Message(paths, next(fields), next(fields).strip())
