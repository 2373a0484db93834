"""The operations on tables, through pandas."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from repomill.canonical import Json, as_canonical, exact_integer
from repomill.errors import ColumnUnknown, RepomillError, TableInvalid
from repomill.tables.frames import frame_of, rows_of
from repomill.tables.steps import MOST_ROWS, Function, Group, Join, Pivot, Sort, Step
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.comparing import holds
from repomill.workflow.conditions import Condition
from repomill.workflow.field_paths import parse_field_path

if TYPE_CHECKING:
    import pandas as pd

_PANDAS_NAMES: Final[Mapping[str, str]] = {"unique_count": "nunique"}
_SURE_TO_FIT: Final = 2**62
_OF_NUMBERS: Final = frozenset({"sum", "mean", "median"})


def table_rows(rows: Json, steps: Sequence[Step], place: str) -> tuple[list[str], list[Json]]:
    """Apply the steps in order and return the columns and the rows of the last table.

    A table without rows does not say which columns it has: those that a step names are taken to be there.

    Raises:
        TableInvalid: the rows are none, or a step cannot be done on them.
        ColumnUnknown: a step names a column that is not there.
    """
    frame = _bounded(frame_of(rows, f"{place}/table"), f"{place}/table")
    is_open = not len(frame)
    for at, step in enumerate(steps):
        here = f"{place}/steps/{at}/{step.kind}"
        before = _with_columns(frame, step, is_open, here)
        frame, is_open = _applied(before, step, here), _is_open_after(step, before, is_open)
    return [str(name) for name in frame.columns], as_canonical(rows_of(frame))


def _with_columns(frame: "pd.DataFrame", step: Step, is_open: bool, place: str) -> "pd.DataFrame":
    """Return a table with the columns that a step names; those an open table does not know are there, and null."""
    names = list(_NAMED[step.kind](getattr(step, step.kind)))
    if is_open:
        return _widened(frame, names)
    _check_columns(frame, names, place)
    return frame


def _widened(frame: "pd.DataFrame", names: Iterable[str]) -> "pd.DataFrame":
    missing = [name for name in dict.fromkeys(names) if name not in frame.columns]
    return frame.reindex(columns=[*frame.columns, *missing]).astype(dict.fromkeys(missing, object))


def _is_open_after(step: Step, before: "pd.DataFrame", is_open: bool) -> bool:
    """Tell whether a table may have columns that nobody has seen, because there are no rows where they come from."""
    if step.join is not None:
        return is_open or not step.join.with_
    if step.pivot is not None:
        return not len(before)
    return is_open and step.kind not in _NAMES_ALL


def _applied(frame: "pd.DataFrame", step: Step, place: str) -> "pd.DataFrame":
    try:
        done = _OPERATIONS[step.kind](frame, getattr(step, step.kind), place)
    except RepomillError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TableInvalid(place, " ".join(str(error).split())[:300]) from error
    return _bounded(done.reset_index(drop=True), place)


def _bounded(frame: "pd.DataFrame", place: str) -> "pd.DataFrame":
    _check_size(len(frame), place)
    return frame


def _check_size(rows: int, place: str) -> None:
    if rows > MOST_ROWS:
        raise TableInvalid(place, f"it makes {rows} rows, and a table has at most {MOST_ROWS}")


def _check_columns(frame: "pd.DataFrame", names: Iterable[str], place: str) -> None:
    known = [str(name) for name in frame.columns]
    for name in names:
        if name not in known:
            raise ColumnUnknown(place, name, did_you_mean(name, known) or f"there are {len(known)} others")


def _filter(frame: "pd.DataFrame", when: Condition | Json, place: str) -> "pd.DataFrame":
    kept = [at for at, row in enumerate(rows_of(frame)) if holds(when, cast("dict[str, Json]", row), place)]
    return frame.iloc[kept]


def _fields(when: object) -> Iterator[str]:
    if isinstance(when, Condition):
        if when.field is not None:
            yield str(parse_field_path(when.field)[0])
        for inner in (*(when.all or ()), *(when.any or ()), when.not_):
            yield from _fields(inner)


def _group(frame: "pd.DataFrame", group: Group, place: str) -> "pd.DataFrame":
    import pandas as pd

    aggregates = group.aggregate
    if clash := next((name for name in aggregates if name in group.by), None):
        raise TableInvalid(place, f"the new column {clash!r} is called like one of 'by'")
    for each in aggregates.values():
        _check_numbers(frame, each.column, each.function, place)
    if not len(frame) and not group.by:
        frame = frame.reindex([0])  # a row of nulls counts for nothing, and makes the one group that SQL gives
    groups = frame.groupby(list(group.by), sort=False, dropna=False) if group.by else frame.groupby([0] * len(frame))
    columns = {
        name: groups[each.column].agg(_function(each.function, frame, each.column, group.by))
        for name, each in aggregates.items()
    }
    made = pd.DataFrame(columns)
    return made.reset_index() if group.by else made


def _check_numbers(frame: "pd.DataFrame", column: str, function: Function, place: str) -> None:
    # A column of nulls only has no type; its sum is 0, as elsewhere.
    if function in _OF_NUMBERS and str(frame[column].dtype) == "object" and frame[column].notna().any():
        raise TableInvalid(place, f"the column {column!r} does not hold numbers only, which {function!r} needs")


def _function(function: Function, frame: "pd.DataFrame", column: str, by: Sequence[str]) -> Any:
    """Return what pandas calls a function, or our own sum where that of integers may be beyond the 64 bits it takes."""
    if function == "sum" and str(frame[column].dtype) == "Int64" and _largest_sum(frame, column, by) >= _SURE_TO_FIT:
        return lambda part: sum(part.dropna().tolist())
    return _PANDAS_NAMES.get(function, function)


def _largest_sum(frame: "pd.DataFrame", column: str, by: Sequence[str]) -> float:
    """Return what the numbers of a group come to at most, without their signs: no sum on the way is beyond it."""
    sizes = frame[column].astype("Float64").abs()
    if not by or sizes.sum() < _SURE_TO_FIT:
        return float(sizes.sum())
    return float(sizes.groupby([frame[name] for name in by], sort=False, dropna=False).sum().max())


def _join(frame: "pd.DataFrame", join: Join, place: str) -> "pd.DataFrame":
    other = _bounded(frame_of(join.with_, f"{place}/with"), f"{place}/with")
    if join.how == "cross":
        _check_size(len(frame) * len(other), place)
        return frame.merge(other, how="cross", suffixes=("", join.suffix))
    on = list(join.on)
    if join.with_:
        _check_columns(other, on, f"{place}/with")
    frame, other = _alike(frame, _widened(other, on), on, place)
    _check_size(_matches(frame, other, on), place)
    return frame.merge(other, how=join.how, on=on, suffixes=("", join.suffix))


def _alike(
    frame: "pd.DataFrame", other: "pd.DataFrame", on: list[str], place: str
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return both with keys of one type: null fits any, and numbers fit a column that has some beside its text.

    Raises:
        TableInvalid: a key holds numbers, or booleans, on one side only.
    """
    for name in on:
        if not frame[name].notna().any():
            frame = frame.astype({name: other[name].dtype})
        elif not other[name].notna().any():
            other = other.astype({name: frame[name].dtype})
        elif _are_numbers_and_mixed(frame[name], other[name]):
            frame, other = frame.astype({name: object}), other.astype({name: object})
        elif (str(frame[name].dtype) == "object") is not (str(other[name].dtype) == "object"):
            reason = f"{name!r} holds numbers or booleans in one table, text or several kinds of values in the other"
            raise TableInvalid(place, reason)
    return frame, other


def _are_numbers_and_mixed(one: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Tell whether one holds numbers and the other some beside text, as integers beyond those of JSON are."""
    mixed, numbers = (one, other) if str(one.dtype) == "object" else (other, one)
    kinds = set(map(type, mixed.dropna())) if str(mixed.dtype) == "object" else set()
    # True is 1 to pandas, so a column that has booleans too would match what it should not.
    return str(numbers.dtype) in {"Int64", "Float64"} and bool(kinds & {int, float}) and bool not in kinds


def _matches(frame: "pd.DataFrame", other: "pd.DataFrame", on: list[str]) -> int:
    """Return how many pairs match, before they are made."""
    left, right = (each.groupby(on, dropna=False, sort=False).size() for each in (frame, other))
    return int(left.mul(right, fill_value=0).sum())


def _pivot(frame: "pd.DataFrame", pivot: Pivot, place: str) -> "pd.DataFrame":
    _check_numbers(frame, pivot.values, pivot.function, place)
    keys = [*pivot.rows, pivot.columns]
    if len(set(keys)) != len(keys):
        raise TableInvalid(place, "a column stands in 'rows' and 'columns' at once")
    if not len(frame):
        return frame[list(pivot.rows)]
    cells = frame.groupby(keys, sort=False, dropna=False)[pivot.values].agg(
        _function(pivot.function, frame, pivot.values, keys)
    )
    if str(cells.dtype) == "int64":  # that of counts has no null, so beside empty cells they would become floats
        cells = cells.astype("Int64")
    wide = cells.unstack(pivot.columns).sort_index(axis="columns")
    wide.columns = [_column_name(value) for value in wide.columns]
    _check_names([*pivot.rows, *wide.columns], place)
    order = frame[list(pivot.rows)].drop_duplicates()
    return order.merge(wide.reset_index(), on=list(pivot.rows), how="left")


def _column_name(value: Any) -> str:
    import pandas as pd

    return "null" if pd.isna(value) else str(value)


def _check_names(names: Iterable[str], place: str) -> None:
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise TableInvalid(place, f"two columns would be called {twice!r}")


def _sort(frame: "pd.DataFrame", by: Sequence[Sort], place: str) -> "pd.DataFrame":
    import pandas as pd

    names, ascending = [each.by for each in by], [not each.descending for each in by]
    keys = pd.DataFrame({name: _ordered(frame[name], name, place) for name in names})
    return frame.loc[keys.sort_values(names, ascending=ascending, kind="stable", na_position="last").index]


def _ordered(column: "pd.Series[Any]", name: str, place: str) -> "pd.Series[Any]":
    """Return what a column is sorted by: beside numbers, the text of an integer beyond those of JSON is that integer.

    Raises:
        TableInvalid: it holds values that have no order.
    """
    kinds = set(map(type, column.dropna())) if str(column.dtype) == "object" else set()
    if len(kinds) < 2 and dict not in kinds:
        return column
    read = column.map(_exact)
    if not all(isinstance(value, int | float) for value in read.dropna()):
        raise TableInvalid(place, f"the column {name!r} holds values that have no order, as numbers beside text")
    return read


def _exact(value: Any) -> Any:
    number = exact_integer(value)
    return value if number is None else number


def _select(frame: "pd.DataFrame", names: Sequence[str], _place: str) -> "pd.DataFrame":
    return frame[list(dict.fromkeys(names))]


def _rename(frame: "pd.DataFrame", names: Mapping[str, str], place: str) -> "pd.DataFrame":
    renamed = frame.rename(columns=dict(names))
    _check_names(renamed.columns, place)
    return renamed


def _unique(frame: "pd.DataFrame", names: Sequence[str], _place: str) -> "pd.DataFrame":
    return frame.drop_duplicates(subset=list(names) or None)


def _limit(frame: "pd.DataFrame", count: int, _place: str) -> "pd.DataFrame":
    return frame.head(count)


_OPERATIONS: Final[Mapping[str, Callable[["pd.DataFrame", Any, str], "pd.DataFrame"]]] = {
    "filter": _filter,
    "group": _group,
    "join": _join,
    "pivot": _pivot,
    "sort": _sort,
    "select": _select,
    "rename": _rename,
    "unique": _unique,
    "limit": _limit,
}

_NAMED: Final[Mapping[str, Callable[[Any], Iterable[str]]]] = {
    "filter": _fields,
    "group": lambda group: [*group.by, *(each.column for each in group.aggregate.values())],
    "join": lambda join: join.on,
    "pivot": lambda pivot: [*pivot.rows, pivot.columns, pivot.values],
    "sort": lambda by: [each.by for each in by],
    "select": list,
    "rename": list,
    "unique": list,
    "limit": lambda _: (),
}
"""The columns that a step names of the table it works on."""

_NAMES_ALL: Final = frozenset({"group", "select"})
"""Steps after which a table has the columns they name, and no others."""
