"""How conditions are evaluated. A comparison of null, or of a field that is not there, or with null, does not hold.

Only `exists: false`, `equals: null`, `not_equals` something else, and lists that hold null themselves (`in`,
`contains`) are fulfilled: a node that was skipped has null for its output, and a router behind it should find its way.
Everything else that cannot be compared is an error.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from repomill.canonical import Json
from repomill.errors import ConditionFailed
from repomill.workflow.conditions import Condition
from repomill.workflow.field_paths import MISSING, parse_field_path, value_at
from repomill.workflow.patterns import is_found
from repomill.workflow.pointers import child
from repomill.workflow.truth import described, truth

Scope = Mapping[str, Json]


def holds(when: Condition | Json, scope: Scope, place: str) -> bool:
    """Tell whether a rendered condition holds; `scope` is what its fields are looked up in.

    Raises:
        ConditionFailed: values that cannot be compared, a text that is no truth value, a pattern that takes too long.
    """
    if not isinstance(when, Condition):
        return truth(when, place)
    if when.all is not None:
        return all(holds(inner, scope, child(place, "all", at)) for at, inner in enumerate(when.all))
    if when.any is not None:
        return any(holds(inner, scope, child(place, "any", at)) for at, inner in enumerate(when.any))
    if "not_" in when.model_fields_set:
        return not holds(when.not_, scope, child(place, "not"))
    return _compared(when, scope, place)


def _compared(when: Condition, scope: Scope, place: str) -> bool:
    value = when.value if when.field is None else value_at(scope, parse_field_path(when.field))
    value = None if value is MISSING else value
    return all(
        _COMPARISONS[name](value, getattr(when, name), child(place, name.rstrip("_"))) for name in when.comparisons
    )


def _exists(value: Any, wanted: Any, place: str) -> bool:
    return (value is not None) is truth(wanted, place)


def same(value: Any, other: Any) -> bool:
    """Tell whether two JSON values are one: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(same, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(value[key], other[key]) for key in value)
    return isinstance(value, bool) is isinstance(other, bool) and bool(value == other)


def _ordered(compare: Callable[[Any, Any], bool]) -> "Comparison":
    def checked(value: Any, other: Any, place: str) -> bool:
        if value is None or other is None:
            return False
        if not any(_is(value, kind) and _is(other, kind) for kind in (int | float, str)):
            raise ConditionFailed(place, f"{described(value)} cannot be compared with {described(other)}")
        return compare(value, other)

    return checked


def _textual(compare: Callable[[str, str, str], bool]) -> "Comparison":
    def checked(value: Any, other: Any, place: str) -> bool:
        if value is None or other is None:
            return False
        if not isinstance(value, str):
            raise ConditionFailed(place, f"{described(value)} is no text")
        return compare(value, other, place)

    return checked


def _contains(value: Any, other: Any, place: str) -> bool:
    if isinstance(value, list | tuple):
        return any(same(item, other) for item in value)
    if isinstance(value, dict | str) and isinstance(other, str):
        return other in value
    if value is None or other is None:
        return False
    raise ConditionFailed(place, f"{described(value)} cannot contain {described(other)}")


def _in(value: Any, other: Any, place: str) -> bool:
    if other is None:
        return False
    if not isinstance(other, list | tuple):
        raise ConditionFailed(place, f"{described(other)} is no list")
    return any(same(value, item) for item in other)


def _is(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


Comparison = Callable[[Any, Any, str], bool]

_COMPARISONS: Final[Mapping[str, Comparison]] = {
    "equals": lambda value, other, _: same(value, other),
    "not_equals": lambda value, other, _: not same(value, other),
    "contains": _contains,
    "starts_with": _textual(lambda value, other, _: value.startswith(other)),
    "ends_with": _textual(lambda value, other, _: value.endswith(other)),
    "greater": _ordered(lambda value, other: bool(value > other)),
    "greater_or_equal": _ordered(lambda value, other: bool(value >= other)),
    "less": _ordered(lambda value, other: bool(value < other)),
    "less_or_equal": _ordered(lambda value, other: bool(value <= other)),
    "in_": _in,
    "exists": _exists,
    "regex": _textual(lambda value, other, place: is_found(other, value, place)),
}
