"""The operations on tables, as a configuration states them: a step is an object with one key."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from repomill.nodes.base import NodeConfig
from repomill.workflow.conditions import When

Column = Annotated[str, Field(min_length=1)]
Columns = Annotated[tuple[Column, ...], Field(min_length=1)]

Function = Literal["count", "sum", "mean", "median", "min", "max", "first", "last", "unique_count"]

MOST_ROWS: Final = 1_000_000
"""Rows a table may have, what a join makes included."""


class Aggregate(NodeConfig):
    """One value for each group."""

    column: Annotated[Column, Field(description="What is aggregated.")]
    function: Annotated[Function, Field(description="How; nulls are left out.")]


class Group(NodeConfig):
    """One row for each combination of values, in the order of their first appearance."""

    by: Annotated[tuple[Column, ...], Field(description="Columns whose values make a group; none for one group.")] = ()
    aggregate: Annotated[dict[Column, Aggregate], Field(min_length=1, description="New columns by name.")]


class Join(NodeConfig):
    """Rows of this table beside those of another; columns both have get `suffix` in the other one."""

    with_: Annotated[Any, Field(alias="with", description="The other table: a list of objects.")]
    on: Annotated[tuple[Column, ...], Field(description="Columns that must be equal; null equals null.")] = ()
    how: Annotated[Literal["inner", "left", "right", "outer", "cross"], Field(description="Which rows stay.")] = "inner"
    suffix: Annotated[str, Field(min_length=1, description="Ends the name of a column that both have.")] = "_other"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.how == "cross") is bool(self.on):
            raise ValueError("'on' goes with every join but a cross join, and these need it")
        return self


class Pivot(NodeConfig):
    """One row for each value of `rows`, one column for each value of `columns`."""

    rows: Annotated[Columns, Field(description="Columns that stay.")]
    columns: Annotated[Column, Field(description="Column whose values become columns, sorted.")]
    values: Annotated[Column, Field(description="Column whose values fill them.")]
    function: Annotated[Function, Field(description="What is made of several values.")] = "first"


class Sort(NodeConfig):
    """One column to sort by; nulls come last."""

    by: Annotated[Column, Field(description="The column.")]
    descending: Annotated[bool, Field(description="From large to small.")] = False


class Step(NodeConfig):
    """One operation on the table; give exactly one key."""

    filter: Annotated[
        When | None, Field(description="Keep rows for which this condition holds; `field` names a column.")
    ] = None
    group: Annotated[Group | None, Field(description="Aggregate groups of rows.")] = None
    join: Annotated[Join | None, Field(description="Join another table.")] = None
    pivot: Annotated[Pivot | None, Field(description="Turn values into columns.")] = None
    sort: Annotated[tuple[Sort, ...] | None, Field(min_length=1, description="Sort by columns, the first first.")] = (
        None
    )
    select: Annotated[Columns | None, Field(description="Keep these columns, in this order.")] = None
    rename: Annotated[dict[Column, Column] | None, Field(min_length=1, description="New names by old ones.")] = None
    unique: Annotated[
        tuple[Column, ...] | None, Field(description="Keep the first row of those alike in these columns; `[]` in all.")
    ] = None
    limit: Annotated[int | None, Field(ge=0, description="Keep the first rows.")] = None

    @property
    def kind(self) -> str:
        """The one key that was given."""
        return self._given()[0]

    def _given(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _is_one_operation(self) -> Self:
        if len(self._given()) != 1:
            raise ValueError(
                f"give one of {', '.join(type(self).model_fields)}; the next operation is a step of its own"
            )
        return self
