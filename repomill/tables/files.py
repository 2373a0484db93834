"""Tables as files; equal tables give equal bytes on every machine with the same lock file."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, Literal

from repomill.canonical import Json
from repomill.tables.frames import frame_of, rows_of

if TYPE_CHECKING:
    import pandas as pd

TableFormat = Literal["parquet", "csv", "json"]

_EXACT: Final[Mapping[str, Callable[[str], object]]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "decimal": Decimal,
}
"""What column types of a database become again in Parquet, which has types for them; they travel as text."""


def table_file(
    rows: Json, form: TableFormat, place: str, types: Mapping[str, str] | None = None, names: tuple[str, ...] = ()
) -> bytes:
    """Return a table as a file.

    Args:
        rows: a list of objects.
        form: Parquet (typed, Snappy), CSV (UTF-8, a header, objects and lists as JSON) or a JSON list of objects.
        place: what errors call the table.
        types: types of columns that travel as text, by name: `date`, `datetime`, `decimal`.
        names: the columns, so that a table without rows keeps them.
    """
    frame = frame_of(rows, place)
    if names:
        frame = frame.reindex(columns=list(names))
    if form == "json":
        return json.dumps(rows_of(frame), ensure_ascii=False).encode() + b"\n"
    if form == "csv":
        return _as_text(frame).to_csv(index=False, lineterminator="\n").encode()
    return _parquet(frame, types or {})


def _parquet(frame: "pd.DataFrame", types: Mapping[str, str]) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

    arrays = [_array(pa, frame[name], types.get(str(name), "")) for name in frame.columns]
    # Built by hand: a table made from a frame keeps the versions of pandas and its author in its metadata.
    table = pa.Table.from_arrays(arrays, names=[str(name) for name in frame.columns])
    written = BytesIO()
    pq.write_table(table, written)
    return written.getvalue()


def _array(pa: Any, column: "pd.Series[Any]", kind: str) -> Any:
    if str(column.dtype) != "object":
        return pa.Array.from_pandas(column)
    values = [None if value is None or value != value else value for value in column.tolist()]  # noqa: PLR0124  # NaN
    if kind in _EXACT and all(isinstance(value, str | None) for value in values):
        return pa.array([None if value is None else _EXACT[kind](value) for value in values])
    return pa.array([None if value is None else _text(value) for value in values], type=pa.string())


def _as_text(frame: "pd.DataFrame") -> "pd.DataFrame":
    nested = {name: frame[name].map(_cell) for name in frame.columns if str(frame[name].dtype) == "object"}
    return frame.assign(**{str(name): column for name, column in nested.items()})


def _cell(value: Any) -> Any:
    return _text(value) if isinstance(value, dict | list) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
