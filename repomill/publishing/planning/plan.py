"""A plan: the difference between a stored tree and a remote branch, file by file, under one digest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, cast

from repomill.canonical import Json, digest
from repomill.errors import PlanUnreadable
from repomill.publishing.merging.conflicts import Conflict

if TYPE_CHECKING:
    from pydantic import TypeAdapter

PLAN_FORMAT = 1
"""Part of every plan's digest; raised when the meaning of a plan changes."""


class ExportMode(StrEnum):
    """What becomes of what people changed."""

    REPLACE = "replace"  # the branch holds exactly the generated tree afterwards
    MERGE = "merge"  # what changed since the last generation is merged into what is there


class ChangeKind(StrEnum):
    """What happens to one file of the branch."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that will not be as it is. `added` and `removed` count lines; both are None for binary files."""

    path: str
    kind: ChangeKind
    moved_from: str = ""
    added: int | None = None
    removed: int | None = None
    protected: bool = False

    @property
    def binary(self) -> bool:
        return self.added is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export would push.

    The new commit has `head` as parent (None: there is no commit yet) and advances `branch` from `expected` (None: the
    branch is new). `tree_digest` is the generated tree's, `result_tree` the id that Git gives the tree to be pushed.
    `diff` is a unified diff of as many changes as fit; `diff_left_out` names the rest.
    """

    url: str
    branch: str
    head: str | None
    expected: str | None
    mode: ExportMode
    tree_digest: str
    result_tree: str
    changes: tuple[FileChange, ...]
    conflicts: tuple[Conflict, ...]
    unchanged: int
    diff: str = ""
    diff_left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """`sha256:<hex>` over what would be pushed, and onto what: equal digests push the same."""
        onto = [self.url, self.branch, self.head or "", self.expected or ""]
        return digest({"plan": PLAN_FORMAT, "onto": onto, "push": [self.mode, self.tree_digest, self.result_tree]})

    @property
    def counts(self) -> Mapping[str, int]:
        """How many files by kind of change, and how many of them are in conflict, protected or binary."""
        kinds = Counter(change.kind.value for change in self.changes)
        flags = {
            "conflict": len(self.conflicts),
            "protected": sum(change.protected for change in self.changes),
            "binary": sum(change.binary for change in self.changes),
        }
        return {kind.value: kinds[kind.value] for kind in ChangeKind} | flags | {"unchanged": self.unchanged}

    @property
    def unresolved(self) -> tuple[Conflict, ...]:
        """The conflicts that a person has to look at before the result can be used."""
        return tuple(conflict for conflict in self.conflicts if conflict.unresolved)

    def to_json(self) -> dict[str, Json]:
        """Return the plan as `from_json` reads it, with its digest and counts."""
        told: dict[str, Json] = {"digest": self.digest, "counts": dict(self.counts)}
        return told | cast(dict[str, Json], _adapter().dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Plan":
        """Read a plan that was stored.

        Raises:
            PlanUnreadable: it is not a plan, or was changed.
        """
        from pydantic import ValidationError

        told = {name: part for name, part in value.items() if name not in {"digest", "counts"}}
        try:
            plan = _adapter().validate_python(told)
        except ValidationError as error:
            raise PlanUnreadable(str(error.errors()[0]["msg"])) from error
        if plan.digest != value.get("digest"):
            raise PlanUnreadable("its digest is not that of its content")
        return plan


@cache
def _adapter() -> "TypeAdapter[Plan]":
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)
