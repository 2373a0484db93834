"""The `aggregator` node: makes one value of several, or a table of others."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from repomill.canonical import Json
from repomill.errors import TableInvalid
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult
from repomill.tables.files import TableFormat, table_file
from repomill.tables.operations import table_rows
from repomill.tables.steps import Step
from repomill.trees.tree import TreeFile

_OF_VALUES: Final = ("merge", "concat", "first")


class AggregatorConfig(NodeConfig):
    """Configuration of an `aggregator` node; which keys it takes depends on `mode`."""

    mode: Annotated[
        Literal["merge", "concat", "first", "template", "table"],
        Field(description="`merge` objects, `concat` lists or texts, the `first` that is not null, text, or a table."),
    ]
    values: Annotated[
        tuple[Any, ...] | None, Field(min_length=1, description="What `merge`, `concat` and `first` take, in order.")
    ] = None
    deep: Annotated[bool, Field(description="With `merge`: objects within objects are merged too.")] = False
    separator: Annotated[str, Field(description="With `concat`: what stands between texts.")] = ""
    template: Annotated[str | None, Field(description="With `template`: the text, which may use everything.")] = None
    table: Annotated[Any, Field(description="With `table`: a list of objects, the rows.")] = None
    steps: Annotated[tuple[Step, ...], Field(description="With `table`: operations, in order.")] = ()
    as_: Annotated[
        Literal["rows", TableFormat], Field(alias="as", description="With `table`: rows in the output, or a file.")
    ] = "rows"
    path: Annotated[str, Field(description="Path of that file in the tree.")] = ""

    @model_validator(mode="after")
    def _fits_the_mode(self) -> Self:
        needed = "values" if self.mode in _OF_VALUES else self.mode
        if getattr(self, needed) is None:
            raise ValueError(f"'mode: {self.mode}' needs {needed!r}, which is missing or null")
        allowed = {"mode", needed, *_EXTRAS.get(self.mode, ())}
        given = (name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default)
        if others := sorted(set(given) - allowed):
            raise ValueError(f"{others[0].rstrip('_')!r} does not go with 'mode: {self.mode}'")
        if (self.as_ == "rows") is bool(self.path):
            raise ValueError("'path' goes with 'as: parquet', 'csv' or 'json', and these need it")
        return self


_EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "merge": ("deep",),
    "concat": ("separator",),
    "table": ("steps", "as_", "path"),
}

_TABLE: Final = {
    "columns": {"type": "array", "items": {"type": "string"}},
    "row_count": {"type": "integer"},
}
_ROWS: Final = {"rows": {"type": "array", "items": {"type": "object"}}}
_FILES: Final = {"files": {"type": "array", "items": {"type": "string"}}}


class Aggregator(NodeKind[AggregatorConfig]):
    """Joins branches: merges objects, joins lists or texts, takes the first value that is not null, or makes a table.

    Nulls are passed over by `merge`, `concat` and `first`: a node that was skipped has null for its output. The output
    is the value itself; that of a table has `columns`, `rows` and `row_count`, or names its file.
    """

    name: ClassVar[str] = "aggregator"
    version: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = AggregatorConfig

    def output_schema(self, config: AggregatorConfig) -> Mapping[str, Any]:
        """Return the schema of a table; of values anything may come."""
        if config.mode == "table":
            return {"type": "object", "properties": {**_TABLE, **(_ROWS if config.as_ == "rows" else _FILES)}}
        return {"type": "string"} if config.mode == "template" else {}

    def writes_files(self, config: AggregatorConfig) -> bool:
        """Only where a file is asked for."""
        return config.as_ != "rows"

    def static_paths(self, config: AggregatorConfig) -> tuple[str, ...]:
        """Return the file's path, unless an expression makes it."""
        return () if not config.path or "{{" in config.path or "{%" in config.path else (config.path,)

    async def run(self, config: AggregatorConfig, context: NodeContext) -> NodeResult:
        """Aggregate; raises `TableInvalid` and `ColumnUnknown`, each with its place in the configuration."""
        place = f"node {context.path}"
        # In a thread: a table may have a million rows.
        return await asyncio.to_thread(_aggregated, config, place)


def _aggregated(config: AggregatorConfig, place: str) -> NodeResult:
    if config.mode == "table":
        return _table(config, place)
    if config.mode == "template":
        return NodeResult(config.template)
    values = [value for value in config.values or () if value is not None]
    if config.mode == "first":
        return NodeResult(values[0] if values else None)
    return NodeResult(_merged(values, config, place) if config.mode == "merge" else _joined(values, config, place))


def _table(config: AggregatorConfig, place: str) -> NodeResult:
    columns, rows = table_rows(config.table, config.steps, place)
    output: dict[str, Json] = {"columns": [*columns], "row_count": len(rows)}
    if config.as_ == "rows":
        return NodeResult({**output, "rows": rows})
    content = table_file(rows, config.as_, place, names=tuple(columns))
    return NodeResult({**output, "files": [config.path]}, (TreeFile(config.path, content),))


def _merged(values: list[Json], config: AggregatorConfig, place: str) -> Json:
    merged: dict[str, Json] = {}
    for at, value in enumerate(values):
        if not isinstance(value, dict):
            raise TableInvalid(place, f"'merge' takes objects, and value {at} that is not null is none")
        merged = _deep(merged, value) if config.deep else merged | value
    return merged


def _deep(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    merged = dict(one)
    for key, value in other.items():
        before = merged.get(key)
        merged[key] = _deep(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _joined(values: list[Json], config: AggregatorConfig, place: str) -> Json:
    # Where nothing is left the separator tells that texts were meant.
    if (values or config.separator) and all(isinstance(value, str) for value in values):
        return config.separator.join(map(str, values))
    if not all(isinstance(value, list) for value in values):
        raise TableInvalid(place, "'concat' takes lists, or texts, and not both")
    if config.separator:
        raise TableInvalid(place, "'separator' goes with texts, and these are lists")
    return [item for value in values if isinstance(value, list) for item in value]
