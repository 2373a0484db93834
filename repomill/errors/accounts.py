"""Errors of people and organisations: who may do what, and how much of it."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput, UserActionRequired


@dataclass(eq=False)
class NotPermitted(UserActionRequired):
    """The role of the acting user does not allow this; nothing was done."""

    user: str
    role: str
    permission: str
    code: ClassVar[str] = "not_permitted"
    message: ClassVar[str] = "User {user} ({role}) may not {permission} in this organisation."
    hint: ClassVar[str] = "An admin can change it: `repomill user role {user} ROLE`; `repomill user list` prints roles."


@dataclass(eq=False)
class LimitReached(UserActionRequired):
    """The organisation has as much of something as it may have; what was made so far is kept."""

    what: str
    limit: int
    used: int
    code: ClassVar[str] = "limit_reached"
    message: ClassVar[str] = "The organisation may have {limit} {what}; with this it would have {used}."
    hint: ClassVar[str] = "Remove what is not needed, or let an admin raise it: `repomill limit set`."


@dataclass(eq=False)
class UserExists(BadInput):
    """There is a user of this name."""

    user: str
    code: ClassVar[str] = "user_exists"
    message: ClassVar[str] = "There is a user {user} already."
    hint: ClassVar[str] = "`repomill user role {user} ROLE` changes what the user may do."


@dataclass(eq=False)
class LastAdmin(BadInput):
    """The only admin of an organisation cannot stop being one."""

    user: str
    code: ClassVar[str] = "last_admin"
    message: ClassVar[str] = "{user} is the only admin of this organisation."
    hint: ClassVar[str] = "Make somebody else an admin first: `repomill user role NAME admin`."
