"""What a process that works on files says to the one that started it, over its standard input and output.

The first message is a `Job`; after it come tuples of `TreeFile`, each answered by one result per file, in their order.
An error is the result of its file only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from repomill.trees._budget import Limits
from repomill.trees._folder import Folder
from repomill.trees._folder_reads import file_reads
from repomill.trees._texts import Scope
from repomill.trees.references import Path
from repomill.trees.tree import TreeFile

Read = Callable[[str], bytes | None]
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Job(Protocol[ResultT_co]):
    """What is done with each file."""

    place: str
    limits: Limits

    def work(self, read: Read) -> Callable[[TreeFile], ResultT_co]:
        """Return what makes a result of a file; `read` gives the content of any file of the folder."""


@dataclass(slots=True)
class Rendering:
    """Render files of a folder."""

    scope: Scope
    place: str
    limits: Limits

    def work(self, read: Read) -> Callable[[TreeFile], TreeFile | None]:
        """Give what is written."""
        return Folder(read, self.scope, self.place, self.limits).file


@dataclass(slots=True)
class Reading:
    """Find out what files read of the scope."""

    place: str
    limits: Limits

    def work(self, read: Read) -> Callable[[TreeFile], frozenset[Path]]:
        """Give paths into the scope."""
        del read  # each file is looked at by itself
        return lambda file: file_reads(file, self.place)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A worker asks for the content of another file, and gets `bytes` or None."""

    path: str
