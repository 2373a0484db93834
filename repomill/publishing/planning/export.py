"""What is to be exported, and how."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from repomill.publishing.git_push import ANONYMOUS, GitAccess
from repomill.publishing.merging.policy import MergePolicy
from repomill.publishing.planning.plan import ExportMode
from repomill.publishing.targets import GitTarget
from repomill.trees.tree import TreeFile


@dataclass(frozen=True, slots=True)
class StoredTree:
    """A tree that is stored: its digest, and how to read its files, one at a time."""

    digest: str
    opened: Callable[[], AbstractAsyncContextManager[Iterable[TreeFile]]]


def never_protected(_path: str) -> bool:
    """Protect no path."""
    return False


@dataclass(frozen=True, slots=True)
class Export:
    """A stored tree and the branch that is to hold it.

    `base` is the tree that was exported to this repository last: what differs from it there was changed by people. A
    branch that does not exist yet starts at `start_branch`, if that exists. `protected` tells which paths to point out.
    """

    tree: StoredTree
    target: GitTarget
    mode: ExportMode = ExportMode.REPLACE
    base: StoredTree | None = None
    start_branch: str = ""
    policy: MergePolicy = field(default_factory=MergePolicy)
    protected: Callable[[str], bool] = never_protected
    access: GitAccess = ANONYMOUS
