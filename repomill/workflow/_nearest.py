"""The nearest name, for people who mistyped one."""

from collections.abc import Iterable
from difflib import get_close_matches

_MANY = 200


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return the hint for a name that does not exist: the nearest one, or what there is when it is little."""
    names = sorted(known)
    # difflib compares every name: a bound keeps the cost of a thousand wrong names within reason.
    near = get_close_matches(wrong, names[:_MANY], n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if names and len(names) <= 12:
        return f"there is {', '.join(names)}"
    return ""
