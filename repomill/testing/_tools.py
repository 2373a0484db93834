"""Rules of tools."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from repomill.calls.ledger import LedgerMode
from repomill.canonical import Json
from repomill.errors import RepomillError
from repomill.testing._declared import NAME
from repomill.testing._logged import logged
from repomill.testing._stopping import ends_when_cancelled, ends_when_out_of_time
from repomill.testing._world import ledgered_calls, new_ledger, tool_context, watched_network
from repomill.testing.checks import require, require_unseen
from repomill.testing.runs import run_tool
from repomill.tools.base import Tool, ToolArguments


@dataclass(frozen=True, slots=True)
class Example:
    """Arguments as a model passes them, and what nobody may read of what the tool knows."""

    arguments: Mapping[str, Json]
    secrets: tuple[str, ...] = ()


def the_declaration_is_complete(tool: Tool[Any], _: Example) -> None:
    """Name, version and description are there; the model decides by the description."""
    require(NAME.fullmatch(tool.name) is not None, f"the name {tool.name!r} is not lower_case_with_underscores")
    require(tool.version >= 1, f"the version {tool.version!r} does not count from 1")
    require(bool(type(tool).__doc__), "the class has no docstring; the model reads it")
    require(tool.timeout > 0 and tool.max_calls > 0, "timeout and max_calls are above 0")


def every_argument_is_described(tool: Tool[Any], _: Example) -> None:
    """The model reads the descriptions."""
    model = tool.arguments_model
    require(issubclass(model, ToolArguments), f"{model.__name__} is not a ToolArguments")
    bare = [name for name, field in model.model_fields.items() if not field.description]
    require(not bare, f"arguments without description: {', '.join(bare)}")


def unknown_arguments_are_refused(tool: Tool[Any], example: Example) -> None:
    """A model that makes an argument up is told."""
    try:
        tool.arguments_model.model_validate({**example.arguments, "no_such_argument": 1})
    except ValidationError:
        return
    require(False, f"{tool.arguments_model.__name__} takes arguments that it does not know")


def the_answer_is_plain_data(tool: Tool[Any], example: Example) -> None:
    """It goes to the model, the ledger and the events as JSON, and follows the schema that was promised."""
    answer = run_tool(tool, example.arguments)
    require(json.loads(json.dumps(answer)) == answer, f"{answer!r} is not what JSON gives back")
    problems = [error.message for error in Draft202012Validator(dict(tool.output_schema())).iter_errors(answer)]
    require(not problems, f"the answer does not follow output_schema: {'; '.join(problems)}")


def a_second_try_asks_nobody(tool: Tool[Any], example: Example) -> None:
    """A resumed agent makes the same calls again, and finds their answers in the ledger."""
    ledger = new_ledger()
    first = run_tool(tool, example.arguments, ledgered_calls(ledger, LedgerMode.LIVE))
    with watched_network() as seen:
        second = run_tool(tool, example.arguments, ledgered_calls(ledger, LedgerMode.STRICT))
    require(not seen, f"the second try used the network again: {', '.join(seen)}")
    require(first == second, f"two tries gave {first!r} and {second!r}")


def a_cancelled_call_ends(tool: Tool[Any], example: Example) -> None:
    """Whenever the cancel comes."""
    ends_when_cancelled(lambda: _run(tool, example))


def a_call_out_of_time_ends(tool: Tool[Any], example: Example) -> None:
    """The tool's own `timeout` is a cancel from inside; it must not take it for an answer."""
    ends_when_out_of_time(lambda: _run(tool, example))


def secrets_stay_inside(tool: Tool[Any], example: Example) -> None:
    """The model reads answers and errors, people the logs."""
    with logged() as lines:
        try:
            shown = [json.dumps(run_tool(tool, example.arguments))]
        except RepomillError as error:
            shown = [str(error), error.advice()]
    require_unseen(example.secrets, [*shown, *lines])


async def _run(tool: Tool[Any], example: Example) -> None:
    context = tool_context(ledgered_calls(new_ledger(), LedgerMode.LIVE))
    await tool.run(tool.arguments_model.model_validate(example.arguments), context)


RULES = (
    the_declaration_is_complete, every_argument_is_described, unknown_arguments_are_refused,
    the_answer_is_plain_data, a_second_try_asks_nobody, a_cancelled_call_ends, a_call_out_of_time_ends,
    secrets_stay_inside,
)  # fmt: skip
