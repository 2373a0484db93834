"""When a value counts as true: booleans do as they say, null is false, and nothing else is guessed at."""

from repomill.canonical import Json
from repomill.errors import ConditionFailed
from repomill.workflow.pointers import ROOT

_WORDS = {"true": True, "false": False}


def truth(value: Json, place: str) -> bool:
    """Return whether a value is true; the texts `true` and `false` are what they say.

    Raises:
        ConditionFailed: it is a number, a list, an object or another text. `"no"` and `"0"` are true in one language
            and false in the next.
    """
    known = _WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if (known is None and isinstance(value, str)) or not isinstance(known, bool | None):
        raise ConditionFailed(place or ROOT, f"{described(value)} is neither true nor false")
    return bool(known)


def described(value: object) -> str:
    """Return a value's type, and the value where it is short, in words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"
