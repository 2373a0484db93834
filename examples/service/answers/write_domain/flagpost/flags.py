"""Feature flags, and the rule that decides whether one is on for a user."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

BUCKETS = 100
"""Every user falls into one of this many buckets, so a rollout is a whole percentage."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FIELDS = frozenset({"name", "rollout", "description", "allowed", "denied"})


class InvalidFlag(ValueError):
    """A flag breaks a rule; the text names the rule for the person who sent the flag."""


class Reason(StrEnum):
    """Why a flag is on or off for a user."""

    DENIED = "denied"
    ALLOWED = "allowed"
    INSIDE_ROLLOUT = "inside rollout"
    OUTSIDE_ROLLOUT = "outside rollout"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one flag and one user."""

    enabled: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that is on for `rollout` percent of all users, with users who always or never have it.

    Raises:
        InvalidFlag: the name, the rollout or the two lists break a rule.
    """

    name: str
    rollout: int = 0
    description: str = ""
    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidFlag(
                "name takes a lower-case letter, then up to 62 letters, digits or hyphens"
            )
        if not 0 <= self.rollout <= BUCKETS:
            raise InvalidFlag(f"rollout is a percentage from 0 to {BUCKETS}")
        if both := sorted(self.allowed & self.denied):
            raise InvalidFlag(f"allowed and denied at once: {', '.join(both)}")


def bucket(flag_name: str, user: str) -> int:
    """Return the user's bucket for this flag, from 0 to 99; the same on every machine, for ever.

    The flag's name takes part, so that no user is among the first for every flag.
    """
    digest = hashlib.sha256(f"{flag_name}\n{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def evaluate(flag: Flag, user: str) -> Decision:
    """Decide; `denied` wins over the rollout, and so does `allowed`.

    Raising `rollout` only ever adds users: whoever has the flag at 10 percent has it at 20.
    """
    if user in flag.denied:
        return Decision(enabled=False, reason=Reason.DENIED)
    if user in flag.allowed:
        return Decision(enabled=True, reason=Reason.ALLOWED)
    if bucket(flag.name, user) < flag.rollout:
        return Decision(enabled=True, reason=Reason.INSIDE_ROLLOUT)
    return Decision(enabled=False, reason=Reason.OUTSIDE_ROLLOUT)


def flag_to_json(flag: Flag) -> dict[str, object]:
    """Return the flag as JSON data, users sorted so that equal flags look equal."""
    return {
        "name": flag.name,
        "rollout": flag.rollout,
        "description": flag.description,
        "allowed": sorted(flag.allowed),
        "denied": sorted(flag.denied),
    }


def flag_from_json(data: object) -> Flag:
    """Build a flag from decoded JSON; only `name` must be there.

    Raises:
        InvalidFlag: the data is no flag; nothing is guessed or converted.
    """
    if not isinstance(data, dict):
        raise InvalidFlag("a flag is a JSON object")
    if unknown := sorted(set(data) - _FIELDS):
        raise InvalidFlag(f"unknown fields: {', '.join(unknown)}")
    return Flag(
        name=_text(data, "name"),
        rollout=_integer(data, "rollout"),
        description=_text(data, "description"),
        allowed=_users(data, "allowed"),
        denied=_users(data, "denied"),
    )


def _text(data: dict[str, object], field: str) -> str:
    value = data.get(field, "")
    if not isinstance(value, str):
        raise InvalidFlag(f"{field} must be text")
    return value


def _integer(data: dict[str, object], field: str) -> int:
    value = data.get(field, 0)
    if not isinstance(value, int) or isinstance(value, bool):  # in Python, True is an int
        raise InvalidFlag(f"{field} must be a whole number")
    return value


def _users(data: dict[str, object], field: str) -> frozenset[str]:
    value = data.get(field, [])
    if not isinstance(value, list) or not all(isinstance(user, str) for user in value):
        raise InvalidFlag(f"{field} must be a list of user names")
    return frozenset(value)
