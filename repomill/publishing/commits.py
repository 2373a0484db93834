"""What a commit of Repomill says, and how to know one again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

EXECUTION_TRAILER = "Repomill-Execution"
TREE_TRAILER = "Repomill-Tree"
PROJECT_TRAILER = "Repomill-Project"

# Stands for TREE_TRAILER in a commit that also holds what people changed: no later push may take its files for ours.
BASE_TRAILER = "Repomill-Base"

DEFAULT_MESSAGE = "Generate project"

_UNSIGNED = re.compile(r"[<>\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """Author and committer in one. `at` is aware and part of the commit id: a retry must give the same moment."""

    name: str
    email: str
    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a signature needs a time zone: without one the commit id would depend on the machine")

    def identity(self) -> str:
        """Return `Name <email>` without the characters Git gives a meaning."""
        return f"{_UNSIGNED.sub('', self.name).strip()} <{_UNSIGNED.sub('', self.email).strip()}>"

    def line(self) -> str:
        """Return it as Git stores it: whole seconds, always UTC, whatever the machine's time zone."""
        return f"{self.identity()} {int(self.at.timestamp())} +0000"


@dataclass(frozen=True, slots=True)
class CommitDetails:
    """All of a commit but its files and its parent; equal details, files and parent give an equal commit id.

    `project` is what stays the same when a project is generated again: a branch is only ever advanced by its own.
    """

    signature: Signature
    execution_id: str
    tree_digest: str
    project: str = ""
    message: str = DEFAULT_MESSAGE

    def trailers(self) -> Mapping[str, str]:
        """Return the trailers in the order in which they are written."""
        trailers = {EXECUTION_TRAILER: self.execution_id, TREE_TRAILER: self.tree_digest}
        return trailers | ({PROJECT_TRAILER: _one_line(self.project)} if self.project else {})

    def text(self) -> str:
        """Return the whole commit message; the trailers are its last paragraph."""
        body = _CONTROL.sub("", self.message.replace("\r\n", "\n")).strip() or DEFAULT_MESSAGE
        return f"{body}\n\n" + "".join(f"{name}: {value}\n" for name, value in self.trailers().items())


@dataclass(frozen=True, slots=True)
class FoundCommit:
    """A commit at the tip of a remote branch, as `git cat-file commit` prints it."""

    sha: str
    author: str
    committer: str
    parents: tuple[str, ...]
    trailers: Mapping[str, str]

    @classmethod
    def parse(cls, sha: str, raw: str) -> "FoundCommit":
        """Read a raw commit object."""
        headers, _, message = raw.partition("\n\n")
        fields = [(name, value) for name, _, value in (line.partition(" ") for line in headers.splitlines())]
        parents = tuple(value for name, value in fields if name == "parent")
        named = dict(fields)
        return cls(sha, named.get("author", ""), named.get("committer", ""), parents, _last_paragraph(message))

    @property
    def execution_id(self) -> str:
        """The execution that made it, if it is ours."""
        return self.trailers.get(EXECUTION_TRAILER, "")

    @property
    def tree_digest(self) -> str:
        """Digest of the tree it holds, if it is ours."""
        return self.trailers.get(TREE_TRAILER, "")

    def belongs_to(self, details: CommitDetails) -> bool:
        """Tell whether Repomill made this commit, for the same project, and nobody touched it since.

        Trailers alone do not tell: `git commit --amend` and a rebase keep them. Both change the committer, though,
        and Repomill always writes author and committer alike.
        """
        return (
            {EXECUTION_TRAILER, TREE_TRAILER} <= self.trailers.keys()
            and self.trailers.get(PROJECT_TRAILER, "") == _one_line(details.project)
            and self.author == self.committer
            and self.committer.startswith(f"{details.signature.identity()} ")
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _last_paragraph(message: str) -> dict[str, str]:
    lines = message.rstrip("\n").rpartition("\n\n")[2].splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)
