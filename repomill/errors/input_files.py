"""Errors of files that a run takes in."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, UserActionRequired


@dataclass(eq=False)
class InputRootsMissing(UserActionRequired):
    """A node asks for files of the worker, and nobody allowed any."""

    node: str
    code: ClassVar[str] = "input_roots_missing"
    message: ClassVar[str] = "Node {node} reads files of the worker, and no folder is allowed."
    hint: ClassVar[str] = "Set REPOMILL_INPUT_ROOTS to the folders it may read, then run `repomill up`."


@dataclass(eq=False)
class InputFileRefused(BadInput):
    """A file must not or cannot be taken in."""

    node: str
    path: str
    reason: str
    code: ClassVar[str] = "input_file_refused"
    message: ClassVar[str] = "Node {node} cannot take in {path!r}: {reason}."
    hint: ClassVar[str] = "Paths stay inside the folders of REPOMILL_INPUT_ROOTS on the machine of the worker."


@dataclass(eq=False)
class InputFileUnreadable(BadInput):
    """The content of a file is not what the node takes it for; `format` is what it should be."""

    node: str
    path: str
    format: str
    reason: str
    code: ClassVar[str] = "input_file_unreadable"
    message: ClassVar[str] = "Node {node}: {path!r} is not {format}: {reason}"
    hint: ClassVar[str] = "Mend the file, or take it in another way (`as: text`)."


@dataclass(eq=False)
class InputFilesTooLarge(BadInput):
    """Files are larger or more than a node takes in; `bound` says how much that is."""

    node: str
    path: str
    bound: str
    code: ClassVar[str] = "input_files_too_large"
    message: ClassVar[str] = "Node {node}: {path!r} is over the bound of {bound}."
    hint: ClassVar[str] = "Raise `max_bytes` or `max_files` of the node's configuration, or name less."
