"""The `db` node: one parameterised SQL statement on a database."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from repomill.calls.ledger import CallKind
from repomill.calls.sending import Answered
from repomill.canonical import Json
from repomill.databases.source import DatabaseSource
from repomill.databases.statement import READING_WORDS, Statement, is_several, may_write, parameter_names
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult, Raw
from repomill.sources import SourceKind
from repomill.tables.files import TableFormat, table_file
from repomill.trees.tree import TreeFile

_SCALAR: Final = str | int | float | bool | None


class DbConfig(NodeConfig):
    """Configuration of a `db` node."""

    source: Annotated[str, Field(description="Name of a source of kind `database`.")]
    sql: Annotated[
        str, Raw(), Field(min_length=1, description="One statement, taken as it is; values stand as `:name`.")
    ]
    parameters: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="The values by name; a list goes with `IN :name`."),
    ]
    mode: Annotated[
        Literal["read", "write"], Field(description="Whether the statement may change anything; it is committed then.")
    ] = "read"
    idempotent: Annotated[
        bool, Field(description="With `write`: doing it twice does no harm, so it is repeated where that is in doubt.")
    ] = False
    max_rows: Annotated[int, Field(gt=0, le=1_000_000, description="Rows that may come.")] = 10_000
    on_more_rows: Annotated[
        Literal["fail", "truncate"], Field(description="What becomes of a result with more rows.")
    ] = "fail"
    decimals: Annotated[
        Literal["number", "text"], Field(description="Exact decimals as JSON numbers, or as text with all digits.")
    ] = "number"
    timeout: Annotated[float, Field(gt=0, le=86_400, description="Seconds the statement may take.")] = 60
    as_: Annotated[
        Literal["rows", TableFormat], Field(alias="as", description="Rows in the output, or a file in the tree.")
    ] = "rows"
    path: Annotated[str, Field(description="Path of that file.")] = ""

    @field_validator("sql")
    @classmethod
    def _is_one_statement(cls, sql: str) -> str:
        if "{{" in sql or "{%" in sql:
            raise ValueError("SQL is never put together from expressions; write ':name' and give it under 'parameters'")
        if is_several(sql):
            raise ValueError("it holds more than one statement; give each a node of its own")
        return sql

    @field_validator("parameters")
    @classmethod
    def _are_values(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        for name, value in parameters.items():
            items = value if isinstance(value, list) else [value]
            if not all(isinstance(item, _SCALAR) for item in items):
                raise ValueError(f"the parameter {name!r} is an object or holds one; pass it through '| tojson'")
        return parameters

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        named = parameter_names(self.sql)
        if missing := [name for name in named if name not in self.parameters]:
            raise ValueError(f"':{missing[0]}' has no value under 'parameters'; a colon that is none is written '\\:'")
        if unused := [name for name in self.parameters if name not in named]:
            raise ValueError(f"the parameter {unused[0]!r} is not used in 'sql'")
        if self.mode == "read" and may_write(self.sql):
            verbs = ", ".join(word.upper() for word in READING_WORDS)
            raise ValueError(f"it is more than a query, which begins with one of {verbs}; say 'mode: write'")
        if self.idempotent and self.mode == "read":
            raise ValueError("'idempotent' goes with 'mode: write'; reading can always be repeated")
        if (self.as_ == "rows") is bool(self.path):
            raise ValueError("'path' goes with 'as: parquet', 'csv' or 'json', and these need it")
        return self

    @property
    def statement(self) -> Statement:
        """What the database is asked."""
        return Statement(
            sql=self.sql,
            parameters=self.parameters,
            writes=self.mode == "write",
            max_rows=self.max_rows,
            truncate=self.on_more_rows == "truncate",
            decimals_as_text=self.decimals == "text",
            timeout=self.timeout,
        )


_COLUMN: Final = {"type": "object", "properties": {"name": {"type": "string"}, "type": {"type": "string"}}}
_OUTPUT: Final = {
    "columns": {"type": "array", "items": _COLUMN},
    "row_count": {"type": "integer"},
    "truncated": {"type": "boolean"},
}
_ROWS: Final = {"rows": {"type": "array", "items": {"type": "object"}}}
_FILES: Final = {"files": {"type": "array", "items": {"type": "string"}}}


class Db(NodeKind[DbConfig]):
    """Runs one SQL statement on PostgreSQL, MySQL or SQLite and hands on its rows, or writes them to a file.

    Values never become part of the SQL text. A statement runs in a transaction of its own, which the database keeps
    read-only unless `mode` is `write`. What it answered is kept in the call ledger and used again within the
    execution. A write whose end is not known, because the process died meanwhile, is not repeated unless it is
    `idempotent`: the node fails with `call_uncertain`.
    """

    name: ClassVar[str] = "db"
    version: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset({SourceKind.DATABASE})
    config_model = DbConfig

    def changes(self, config: DbConfig) -> bool:
        """Only a statement that may write."""
        return config.mode == "write"

    def output_schema(self, config: DbConfig) -> Mapping[str, Any]:
        """Return the schema of columns and rows, or of the file's path."""
        return {"type": "object", "properties": {**_OUTPUT, **(_ROWS if config.as_ == "rows" else _FILES)}}

    def sources(self, config: DbConfig) -> tuple[str, ...]:
        """A statement has one source."""
        return (config.source,)

    def writes_files(self, config: DbConfig) -> bool:
        """Only where a file is asked for."""
        return config.as_ != "rows"

    def static_paths(self, config: DbConfig) -> tuple[str, ...]:
        """Return the file's path, unless an expression makes it."""
        return () if not config.path or "{{" in config.path or "{%" in config.path else (config.path,)

    async def run(self, config: DbConfig, context: NodeContext) -> NodeResult:
        """Run the statement.

        Raises:
            SourceMissing: the source's block does not exist, and asking was needed.
            RepomillError: those of `repomill.calls.port` and `repomill.databases.port`.
        """
        statement = config.statement

        async def send() -> Answered:
            return await context.databases.run(context.sources.get(config.source, DatabaseSource), statement)

        answer = await context.calls.call(
            CallKind.SQL,
            config.source,
            statement.canonical(context.sources.identity(config.source)),
            send,
            repeatable=not statement.writes or config.idempotent,
        )
        return await _result(config, answer, f"node {context.path}")


async def _result(config: DbConfig, answer: dict[str, Json], place: str) -> NodeResult:
    if config.as_ == "rows":
        return NodeResult(answer)
    columns: Any = answer["columns"]
    types = {column["name"]: column["type"] for column in columns}
    content = await asyncio.to_thread(table_file, answer["rows"], config.as_, place, types, tuple(types))
    output = {name: value for name, value in answer.items() if name != "rows"}
    return NodeResult({**output, "files": [config.path]}, (TreeFile(config.path, content),))
