"""Errors of tables: rows that are none, columns that are not there."""

from dataclasses import dataclass
from typing import ClassVar

from repomill.errors.base import BadInput


@dataclass(eq=False)
class ColumnUnknown(BadInput):
    """A table operation names a column that its table does not have; `near` says what there is."""

    place: str
    column: str
    near: str
    code: ClassVar[str] = "column_unknown"
    message: ClassVar[str] = "{place}: there is no column {column!r}; {near}"
    hint: ClassVar[str] = "The columns of a list of objects are all keys of its objects."


@dataclass(eq=False)
class TableInvalid(BadInput):
    """Values do not make a table, or an operation cannot be done on them."""

    place: str
    reason: str
    code: ClassVar[str] = "table_invalid"
    message: ClassVar[str] = "{place}: {reason}"
    hint: ClassVar[str] = "A table is a list of objects; the docs page on tables lists the operations."
