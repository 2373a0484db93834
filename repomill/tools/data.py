"""The `data` tools: an agent asks values that the workflow gives it, and CSV, without writing code."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Any, ClassVar, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from repomill.canonical import Json
from repomill.errors import ToolRefused
from repomill.tables.operations import table_rows
from repomill.tables.steps import Step
from repomill.tools.base import Opened, ToolArguments, ToolContext, Toolset, ToolSettings
from repomill.tools.functions import function

MOST_ROWS = 200


class DataSettings(ToolSettings):
    """Settings of `data`."""

    values: Annotated[dict[str, Any], Field(min_length=1, description="What the agent may ask, by name.")]


Name = Annotated[str, Field(description="Name of a value; `list_values` tells which there are.")]
Offset = Annotated[int, Field(ge=0, description="Results to pass over.")]


class ListValues(ToolArguments):
    """Arguments of `list_values`."""


class QueryJson(ToolArguments):
    """Arguments of `query_json`."""

    value: Name
    path: Annotated[str, Field(max_length=500, description="JSONPath (RFC 9535), as `$.items[?@.price > 10].name`.")]
    offset: Offset = 0


class ReadCsv(ToolArguments):
    """Arguments of `read_csv`."""

    value: Name
    separator: Annotated[str, Field(min_length=1, max_length=1, description="Between the cells.")] = ","
    offset: Offset = 0


class QueryTable(ToolArguments):
    """Arguments of `query_table`."""

    value: Name
    steps: Annotated[
        tuple[Step, ...],
        Field(description="Operations in order, each an object with one key, as `{sort: [{by: price}]}`."),
    ]
    offset: Offset = 0


Kind = Literal["text", "boolean", "number", "list", "object", "null"]
_KINDS: Mapping[type, Kind] = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}


class Listed(TypedDict):
    """A value; `size` counts characters, items or keys, null for others."""

    name: str
    kind: Kind
    size: int | None


class Results(TypedDict):
    """What was found; `results_left` where more follows."""

    results: list[Any]
    results_left: NotRequired[int]


class Table(Results):
    """Rows, with the names of their columns in order."""

    columns: list[str]


class Data(Toolset[DataSettings]):
    """Asks values of the workflow: JSONPath in any, rows of CSV text, and filter, group, join, sort of tables."""

    name: ClassVar[str] = "data"
    version: ClassVar[int] = 2
    settings_model = DataSettings

    async def open(self, settings: DataSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Return the functions over the values."""
        data = DataFunctions(settings.values)
        return Opened(
            (
                function(data.list_values, ListValues),
                function(data.query_json, QueryJson),
                function(data.read_csv, ReadCsv),
                function(data.query_table, QueryTable),
            )
        )


class DataFunctions:
    """What the model may ask; the docstrings are what it reads."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    async def list_values(self, _: ListValues) -> list[Listed]:
        """List the values there are: name, kind and size of each."""
        return [{"name": name, "kind": _kind(value), "size": _size(value)} for name, value in self._values.items()]

    async def query_json(self, asked: QueryJson) -> Results:
        """Find parts of a value by JSONPath."""
        import jsonpath

        try:
            found = await asyncio.to_thread(jsonpath.findall, asked.path, self._value(asked.value))
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise ToolRefused(f"the path cannot be used: {error}") from error
        return _page(found, asked.offset)

    async def read_csv(self, asked: ReadCsv) -> Results:
        """Read a value that is CSV text; each row is an object by the names of the first line, all cells text."""
        return _page(self._csv(asked.value, asked.separator), asked.offset)

    async def query_table(self, asked: QueryTable) -> Table:
        """Filter, group, join, pivot, sort, select, rename or make unique the rows of a list of objects or CSV text."""
        value = self._value(asked.value)
        rows = self._csv(asked.value, ",") if isinstance(value, str) else value
        columns, found = await asyncio.to_thread(table_rows, rows, asked.steps, asked.value)
        return {"columns": list(columns), **_page(found, asked.offset)}

    def _value(self, name: str) -> Any:
        if name not in self._values:
            raise ToolRefused(f"there is no value {name!r}; there is {', '.join(self._values)}")
        return self._values[name]

    def _csv(self, name: str, separator: str) -> list[Json]:
        import csv

        text = self._value(name)
        if not isinstance(text, str):
            raise ToolRefused(f"{name!r} is no text")
        try:
            return [
                dict(row) for row in csv.DictReader(text.splitlines(), delimiter=separator, restkey="", strict=True)
            ]
        except csv.Error as error:
            raise ToolRefused(f"{name!r} is no CSV: {error}") from error


def _kind(value: Any) -> Kind:
    return _KINDS.get(type(value), "null")


def _size(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, dict)) else None


def _page(found: list[Any], offset: int) -> Results:
    part = found[offset : offset + MOST_ROWS]
    left = len(found) - offset - len(part)
    return {"results": part, "results_left": left} if left > 0 else {"results": part}
