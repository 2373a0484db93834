"""The `loop` node: runs the nodes inside it for each item of a list, or while or until something holds."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from repomill.canonical import Json
from repomill.errors import LoopNotEnding, LoopTooLong
from repomill.nodes._as_written import AsWritten
from repomill.nodes._iterations import Names, Results, run_all, run_one
from repomill.nodes.base import Deferred, Idempotency, NodeContext, NodeKind, NodeResult, Raw
from repomill.workflow.conditions import check_expression
from repomill.workflow.expressions import render_condition, render_value
from repomill.workflow.spec import BodySpec
from repomill.workflow.templates import is_template

_WAYS: Final = ("for_each", "while_", "until")
STATE: Final = "state"
OUTPUT: Final = "output"

IterationName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


def _list_or_expression(value: Any) -> Any:
    if isinstance(value, list | tuple | None) or (isinstance(value, str) and is_template(value)):
        return value
    hint = "; `| list` or `| dictsort` makes one of an object" if isinstance(value, dict) else ""
    raise ValueError(f"it takes a list, or an expression that gives one{hint}")


class LoopConfig(AsWritten):
    """Configuration of a `loop` node: one of `for_each`, `while` and `until`, a bound, and the `body`."""

    for_each: Annotated[
        Any, AfterValidator(_list_or_expression), Field(description="List whose items the body runs for.")
    ] = None
    while_: Annotated[
        str | bool | None,
        Deferred(STATE, OUTPUT),
        AfterValidator(check_expression),
        Field(alias="while", description="Looked at before each iteration; the loop ends when it is false."),
    ] = None
    until: Annotated[
        str | bool | None,
        Deferred(STATE, OUTPUT),
        AfterValidator(check_expression),
        Field(description="Looked at after each iteration; the loop ends when it is true."),
    ] = None
    max_iterations: Annotated[
        int, Field(gt=0, le=100_000, description="Bound of the iterations. A longer list is refused before the first.")
    ]
    on_limit: Annotated[
        Literal["fail", "stop"],
        Field(description="Whether `while` or `until` that reach the bound fail, or end with what there is."),
    ] = "fail"
    parallel: Annotated[int, Field(gt=0, le=1000, description="Iterations at once; `for_each` only.")] = 1
    state: Annotated[Any, Field(description="`state` of the first iteration.")] = None
    carry: Annotated[
        Any, Deferred(STATE, OUTPUT), Field(description="`state` of the next iteration; sees `output` of this one.")
    ] = None
    on_item_error: Annotated[
        Literal["fail", "skip", "collect"],
        Field(description="A failed iteration ends the loop, is left out, or leaves null and an entry in `errors`."),
    ] = "fail"
    as_: Annotated[IterationName, Raw(), Field(alias="as", description="Name of the item in the body.")] = "item"
    index_as: Annotated[IterationName, Raw(), Field(description="Name of the iteration's number, from 0.")] = "index"
    body: Annotated[BodySpec, Raw(), Field(description="The nodes of one iteration, their edges, and its output.")]

    @property
    def carries(self) -> bool:
        """Whether iterations depend on each other."""
        return "carry" in self.model_fields_set

    @model_validator(mode="after")
    def _is_one_loop(self) -> Self:
        ways = [name for name in _WAYS if name in self.model_fields_set]
        if len(ways) != 1:
            raise ValueError("give one of 'for_each', 'while' and 'until'")
        if self.parallel > 1 and (ways != ["for_each"] or self.carries):
            after = "carry" if self.carries else ways[0].rstrip("_")
            raise ValueError(f"'parallel' and {after!r} exclude each other: an iteration waits for the one before")
        if self.as_ == self.index_as:
            raise ValueError(f"'as' and 'index_as' are both {self.as_!r}")
        return self


class Loop(NodeKind[LoopConfig]):
    """Runs the nodes of its body again and again; every iteration is addressable, as in `modules[3].write`.

    Nodes of the body see `item`, `index` and `state` besides `inputs`, `variables`, the nodes before the loop and those
    before them in the body. Only what the body's `output` gives is kept of an iteration.
    """

    name: ClassVar[str] = "loop"
    version: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.PURE
    config_model = LoopConfig
    body_key: ClassVar[str] = "body"

    def body(self, config: LoopConfig) -> Mapping[str, Any]:
        """Return the body as plain data."""
        return config.body.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def body_names(self, config: LoopConfig) -> tuple[str, ...]:
        """Return the names of one iteration; only a list has items."""
        item = (config.as_,) if "for_each" in config.model_fields_set else ()
        return (*item, config.index_as, STATE)

    def item_lists(self, config: LoopConfig) -> Mapping[str, Json]:
        """Return the one list."""
        return {config.as_: config.for_each} if "for_each" in config.model_fields_set else {}

    def most_iterations(self, config: LoopConfig) -> int:
        """Return the bound, or the length of a list that stands in the specification."""
        items = config.for_each
        return min(len(items), config.max_iterations) if isinstance(items, list | tuple) else config.max_iterations

    def output_schema(self, config: LoopConfig) -> Mapping[str, Any]:
        """Return the schema of what all iterations gave together."""
        number = {"type": "integer"}
        text = {"type": "string"}
        error = {"type": "object", "properties": {"index": number, "code": text, "message": text}}
        lists = {"items": {"type": "array"}, "errors": {"type": "array", "items": error}}
        return {"type": "object", "properties": {**lists, "count": number, "failed": number, "state": {}}}

    async def run(self, config: LoopConfig, context: NodeContext) -> NodeResult:
        """Drive the iterations.

        Raises:
            LoopTooLong: the list has more items than `max_iterations`; no iteration ran.
            LoopNotEnding: a `while` or `until` reached `max_iterations`.
            ConditionFailed, ExpressionFailed, RenderingTooLarge: an expression of the loop itself.
            RepomillError: what a failed iteration raised, with `on_item_error: fail`.
        """
        results = Results(config.on_item_error)
        if "for_each" in config.model_fields_set:
            state = await _each(config, context, results)
        else:
            state = await _while(config, context, results)
        return NodeResult(results.output(state))


async def _each(config: LoopConfig, context: NodeContext, results: Results) -> Json:
    items: Sequence[Json] = config.for_each or ()
    if len(items) > config.max_iterations:
        raise LoopTooLong(context.path, len(items), config.max_iterations)
    turn = _Turn(config, context)
    if not config.carries:
        rounds = ((at, {config.as_: item, config.index_as: at, STATE: turn.state}) for at, item in enumerate(items))
        await run_all(context.body, results, rounds, config.parallel)
        return turn.state
    for at, item in enumerate(items):
        await turn.run(results, at, {config.as_: item})
    return turn.state


async def _while(config: LoopConfig, context: NodeContext, results: Results) -> Json:
    turn = _Turn(config, context)
    for at in range(config.max_iterations):
        if not await turn.goes_on(at):
            return turn.state
        await turn.run(results, at)
    if await turn.goes_on(config.max_iterations) and config.on_limit == "fail":
        raise LoopNotEnding(context.path, config.max_iterations)
    return turn.state


class _Turn:
    """Iterations one after the other, with what they hand on: the state, and the last output."""

    def __init__(self, config: LoopConfig, context: NodeContext) -> None:
        self._config, self._context = config, context
        self.state: Json = config.state
        self._output: Json = None

    async def run(self, results: Results, at: int, item: Names | None = None) -> None:
        """Run one; a failed one that the loop goes on after leaves the state as it was."""
        names = {**(item or {}), self._config.index_as: at, STATE: self.state}
        self._output = await run_one(self._context.body, results, at, names)
        if self._config.carries and at not in results.errors:
            place = f"node {self._context.path}/carry"
            scope = {**self._context.scope, **names, OUTPUT: self._output}
            self.state = await asyncio.to_thread(render_value, self._config.carry, scope, place)

    async def goes_on(self, at: int) -> bool:
        """Tell whether iteration `at` follows: `while` is asked about it, `until` about the one before, if any."""
        is_while = "while_" in self._config.model_fields_set
        if not is_while and at == 0:
            return True
        condition, key = (self._config.while_, "while") if is_while else (self._config.until, "until")
        index = at if is_while else at - 1
        scope = {**self._context.scope, self._config.index_as: index, STATE: self.state, OUTPUT: self._output}
        place = f"node {self._context.path}/{key}"
        return await asyncio.to_thread(render_condition, condition, scope, place) is is_while
