"""Errors of bundles and of recorded calls that people look up."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, UserActionRequired
from repomill.errors.lookups import NotFound


@dataclass(eq=False)
class BundleUnreadable(BadInput):
    """A file is not a bundle, is of another format, or was changed since it was written."""

    path: str
    reason: str
    code: ClassVar[str] = "bundle_unreadable"
    message: ClassVar[str] = "{path} cannot be used as a bundle: {reason}"
    hint: ClassVar[str] = "Export it again: `repomill execution bundle export ID FILE`."


@dataclass(eq=False)
class BundleHoldsSecret(UserActionRequired):
    """Something that would go into a bundle holds a secret of this installation; `place` never names it."""

    place: str
    code: ClassVar[str] = "bundle_holds_secret"
    message: ClassVar[str] = "No bundle was written: {place} holds a secret of this installation."
    hint: ClassVar[str] = "Take it out of the specification, inputs or templates, put it into a block, and run again."


@dataclass(eq=False)
class CallsRemoved(BadInput):
    """The recorded calls of an execution are not in the artefact store any more."""

    execution: str
    code: ClassVar[str] = "calls_removed"
    message: ClassVar[str] = "Execution {execution} cannot be replayed: its recorded calls were removed."
    hint: ClassVar[str] = "Import a bundle of it that was exported before, or run the workflow again."


class CallNotFound(NotFound):
    """No call of the ledger has this id or prefix."""

    code: ClassVar[str] = "call_not_found"
    noun: ClassVar[str] = "call"
    hint: ClassVar[str] = "`repomill execution calls ID` prints the calls of an execution with their ids."
