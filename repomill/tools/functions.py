"""Functions for a model made of Python ones: name and description are those of the code."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import getdoc
from typing import Any, TypeVar

from repomill.agents.functions import Function
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.tools.base import ToolArguments, validated

ArgumentsT = TypeVar("ArgumentsT", bound=ToolArguments)


def function(
    does: Callable[[ArgumentsT], Awaitable[Json]], model: type[ArgumentsT], *, max_calls: int = 50, version: str = "1"
) -> Function:
    """Return the function for what asks nothing outside; its docstring is what the model reads."""

    async def run(arguments: Mapping[str, Any], _: Calls) -> Json:
        return await does(validated(model, arguments))

    name = does.__name__
    return Function(name, getdoc(does) or "", parameters_of(model), run, version=version, max_calls=max_calls)


def parameters_of(model: type[ToolArguments]) -> dict[str, Any]:
    """Return the JSON Schema of arguments, without the titles and the docstring that pydantic adds."""
    schema = model.model_json_schema()
    return {name: part for name, part in schema.items() if name not in {"title", "description"}}
