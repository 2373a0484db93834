"""Values of database drivers as plain JSON, and what type a column has."""

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from repomill.canonical import Json, as_canonical

_EXACT_DIGITS: Final = 15
"""Decimal digits that a floating-point number keeps for sure."""


def plain_value(value: Any, *, decimals_as_text: bool) -> Json:
    """Return a value as JSON.

    Dates and times become ISO 8601, durations seconds, UUIDs text, bytes base64; integers beyond 2**53 and decimals
    with more than 15 digits become text, so that nothing is rounded; NaN and infinities become null.
    """
    match value:
        case None | bool() | str():
            plain: Json = value
        case list() | tuple():
            plain = [plain_value(item, decimals_as_text=decimals_as_text) for item in value]
        case dict():
            plain = {str(key): plain_value(item, decimals_as_text=decimals_as_text) for key, item in value.items()}
        case Decimal():
            plain = _decimal(value, as_text=decimals_as_text)
        case _:
            plain = _PLAIN.get(_kind(value), str)(value)
    return plain


def column_type(values: Iterable[Any]) -> str:
    """Return what a column holds, in a word; `unknown` where every value is null, `mixed` where they differ."""
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "unknown"


def _decimal(value: Decimal, *, as_text: bool) -> Json:
    if not value.is_finite():
        return None
    is_long = len(value.normalize().as_tuple().digits) > _EXACT_DIGITS
    return format(value, "f") if as_text or is_long else float(value)


_KINDS: Final[Sequence[tuple[type | tuple[type, ...], str]]] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (Decimal, "decimal"),
    (str, "text"),
    ((bytes, bytearray, memoryview), "bytes"),
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
    (timedelta, "duration"),
    (UUID, "uuid"),
    ((list, tuple, dict), "json"),
)

_PLAIN: Final[dict[str, Callable[[Any], Json]]] = {
    "integer": as_canonical,
    "number": lambda value: value if math.isfinite(value) else None,
    "bytes": lambda value: base64.b64encode(bytes(value)).decode(),
    "datetime": lambda value: value.isoformat(),
    "date": lambda value: value.isoformat(),
    "time": lambda value: value.isoformat(),
    "duration": lambda value: value.total_seconds(),
}


def _kind(value: object) -> str:
    return next((name for kinds, name in _KINDS if isinstance(value, kinds)), "text")
