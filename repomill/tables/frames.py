"""Rows as a pandas frame and back: integers stay integers beside nulls, and nothing but plain JSON comes out.

pandas takes half a second to import, so it is imported inside the functions.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from repomill.canonical import Json
from repomill.errors import TableInvalid

if TYPE_CHECKING:
    import pandas as pd

_INT64 = 2**63


def frame_of(rows: Json, place: str) -> "pd.DataFrame":
    """Return the rows as a frame, columns in the order of their first appearance.

    Raises:
        TableInvalid: it is not a list of objects.
    """
    import pandas as pd

    if not isinstance(rows, list | tuple):
        raise TableInvalid(place, f"a list of objects is asked for, and this is {_what(rows)}")
    wrong = next((at for at, row in enumerate(rows) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        raise TableInvalid(place, f"row {wrong} is {_what(rows[wrong])}, not an object")
    objects: Sequence[Mapping[str, Json]] = [row for row in rows if isinstance(row, Mapping)]
    names = dict.fromkeys(name for row in objects for name in row)
    columns = {name: series_of([row.get(name) for row in objects]) for name in names}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(objects)), columns=pd.Index(list(names), dtype=object))


def series_of(values: Sequence[Json]) -> "pd.Series[Any]":
    """Return values as a column of the narrowest type that holds all of them."""
    import pandas as pd

    return pd.Series(list(values), dtype=_dtype([value for value in values if value is not None]))


def _dtype(values: Sequence[Json]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return (
            "Int64" if all(-_INT64 <= int(value) < _INT64 for value in values if isinstance(value, int)) else "object"
        )
    return "Float64" if kinds and kinds <= {int, float} else "object"


def rows_of(frame: "pd.DataFrame") -> list[Json]:
    """Return a frame's rows as plain JSON: what is missing or no number is null."""
    columns = [str(name) for name in frame.columns]
    values = [[plain(value) for value in frame[name].tolist()] for name in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def plain(value: Any) -> Json:
    """Return one value of a frame as plain JSON."""
    import pandas as pd

    if isinstance(value, dict | list):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _what(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return f"the text {value[:40]!r}"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case _:
            return str(value).lower()
