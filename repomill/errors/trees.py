"""Errors of generated trees, their packs and their policy."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Fatal, JsonObject, UserActionRequired

FINDINGS_SHOWN = 5


@dataclass(eq=False)
class UnsafeTree(Fatal):
    """Generated paths that must not be stored; `problems` are sentences, each naming its path."""

    problems: tuple[str, ...]
    code: ClassVar[str] = "tree_unsafe"
    message: ClassVar[str] = "The generated tree is refused: {listed}"
    hint: ClassVar[str] = (
        "Edit the node that wrote them and `repomill execution resume ID --spec SPEC`: unchanged nodes cost nothing."
    )

    def facts(self) -> JsonObject:
        """Add the joined list, which the message prints."""
        return super().facts() | {"listed": "; ".join(self.problems)}


@dataclass(eq=False)
class FileTooLarge(Fatal):
    """A generated file is over the bound; sizes are in bytes."""

    path: str
    size: int
    bound: int
    code: ClassVar[str] = "file_too_large"
    message: ClassVar[str] = "{path} has {size} bytes, more than the {bound} allowed."
    hint: ClassVar[str] = "Raise REPOMILL_MAX_FILE_SIZE and run `repomill up`, then resume: paid answers are kept."


@dataclass(eq=False)
class TreeBlocked(UserActionRequired):
    """The project's policy does not let a stored tree leave; `findings` are sentences, each naming its place."""

    project: str
    findings: tuple[str, ...]
    code: ClassVar[str] = "tree_blocked"
    message: ClassVar[str] = "The policy does not let generated project {project} leave: {listed}"
    hint: ClassVar[str] = (
        "Change what wrote it and resume with --spec; or change the policy (`repomill project policy`) and then "
        "`repomill project release {project}`: neither asks a model again for what is unchanged."
    )

    def facts(self) -> JsonObject:
        """Add the first findings, which the message prints."""
        shown, more = self.findings[:FINDINGS_SHOWN], len(self.findings) - FINDINGS_SHOWN
        return super().facts() | {"listed": "; ".join(shown) + (f"; and {more} more" if more > 0 else "")}


@dataclass(eq=False)
class PolicyInvalid(BadInput):
    """A policy file is not a policy."""

    path: str
    reason: str
    code: ClassVar[str] = "policy_invalid"
    message: ClassVar[str] = "{path} is not a policy: {reason}"
    hint: ClassVar[str] = "`repomill project policy PROJECT` prints the one in force, in the form to write."


@dataclass(eq=False)
class PathWrittenTwice(Fatal):
    """Two nodes wrote the same path with different content."""

    path: str
    nodes: tuple[str, ...]
    code: ClassVar[str] = "path_written_twice"
    message: ClassVar[str] = "{path} is written by more than one node: {nodes}."
    hint: ClassVar[str] = "Give each node its own paths, then `repomill execution resume ID --spec SPEC`."


@dataclass(eq=False)
class TreeCorrupt(Fatal):
    """Stored bytes do not have the digest under which they were stored."""

    place: str
    expected: str
    found: str
    code: ClassVar[str] = "tree_corrupt"
    message: ClassVar[str] = "{place} should have digest {expected} but has {found}."
    hint: ClassVar[str] = "The store returned other bytes than were written; restore the object from a backup."


@dataclass(eq=False)
class PackUnreadable(Fatal):
    """Bytes that should be a pack are not one, or are damaged."""

    reason: str
    code: ClassVar[str] = "pack_unreadable"
    message: ClassVar[str] = "The pack cannot be read: {reason}."
    hint: ClassVar[str] = "The store returned other bytes than were written; restore the object from a backup."
