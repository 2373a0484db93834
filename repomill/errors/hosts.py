"""Errors of hosts of repositories: what their APIs answer, and what is found there."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, Retriable, UserActionRequired


@dataclass(eq=False)
class RepositoryForeign(UserActionRequired):
    """A repository has content that Repomill did not put there for this project."""

    repository: str
    marker: str
    code: ClassVar[str] = "repository_foreign"
    message: ClassVar[str] = "{repository} has content of somebody else. Nothing in it was touched."
    hint: ClassVar[str] = "Name another repository. To hand this one over, give it the topic {marker}."


@dataclass(eq=False)
class RepositoryMissing(UserActionRequired):
    """There is no such repository, or the token may not see it."""

    repository: str
    code: ClassVar[str] = "repository_missing"
    message: ClassVar[str] = "There is no repository {repository}, or the token may not see it."
    hint: ClassVar[str] = "Make it first, or give the token access to it."


@dataclass(eq=False)
class RepositoryTooOpen(UserActionRequired):
    """More people can read a repository than the export asks for."""

    repository: str
    found: str
    wanted: str
    code: ClassVar[str] = "repository_too_open"
    message: ClassVar[str] = "{repository} is {found}, but the export asks for {wanted}. Nothing was sent."
    hint: ClassVar[str] = "Change the visibility there, or ask for `{found}`."


@dataclass(eq=False)
class RepositoryNameTaken(UserActionRequired):
    """A host would not make a repository, because something has its name."""

    repository: str
    reason: str
    code: ClassVar[str] = "repository_name_taken"
    message: ClassVar[str] = "{repository} cannot be made: {reason}"
    hint: ClassVar[str] = "Name another repository; the token may not be able to see the one that has the name."


@dataclass(eq=False)
class RepositoryNameInvalid(BadInput):
    """A name that a host does not accept for a repository; `form` is how it is to be written."""

    name: str
    reason: str
    form: str
    code: ClassVar[str] = "repository_name_invalid"
    message: ClassVar[str] = "{name!r} cannot be a repository: {reason}."
    hint: ClassVar[str] = "Write {form}."


@dataclass(eq=False)
class HostAccessDenied(UserActionRequired):
    """A host does not accept the token, or does not let it do this."""

    host: str
    action: str
    needed: str
    reason: str
    code: ClassVar[str] = "host_access_denied"
    message: ClassVar[str] = "{host} does not let this token {action}: {reason}"
    hint: ClassVar[str] = "Give the token {needed}, or use another one; then repeat the export."


@dataclass(eq=False)
class TokenScopeMissing(UserActionRequired):
    """A token lacks scopes or permissions that an export needs; found out before anything is done."""

    host: str
    missing: str
    found: str
    code: ClassVar[str] = "token_scope_missing"
    message: ClassVar[str] = "The token for {host} lacks {missing}; it has {found}."
    hint: ClassVar[str] = "Make a token with {missing} and put it into the block."


@dataclass(eq=False)
class HostRefused(UserActionRequired):
    """A host did not do as asked, for a reason of its own."""

    host: str
    action: str
    reason: str
    code: ClassVar[str] = "host_refused"
    message: ClassVar[str] = "{host} would not {action}: {reason}"
    hint: ClassVar[str] = "Mend it there, then repeat the export."


@dataclass(eq=False)
class HostCannot(BadInput):
    """Something is asked for that a kind of host does not have."""

    host: str
    feature: str
    code: ClassVar[str] = "host_cannot"
    message: ClassVar[str] = "{host} has no {feature}."
    hint: ClassVar[str] = "Leave it out, or export to a host that has it."


@dataclass(eq=False)
class HostUnavailable(Retriable):
    """The API of a host cannot be reached, or is broken for the moment."""

    host: str
    reason: str
    code: ClassVar[str] = "host_unavailable"
    message: ClassVar[str] = "{host} cannot be reached: {reason}"
    hint: ClassVar[str] = "Export again later; the project is stored."


@dataclass(eq=False)
class HostRateLimited(Retriable):
    """A host asks for a pause; `delay` is what it asks for."""

    host: str
    code: ClassVar[str] = "host_rate_limited"
    message: ClassVar[str] = "{host} asks for a pause of {delay:.0f} s."
    hint: ClassVar[str] = "Export again after that; what was done is kept."
