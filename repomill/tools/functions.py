"""Functions for a model made of Python ones: name, description and schemas are those of the code."""

from collections.abc import Awaitable, Callable, Mapping
from inspect import getdoc
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from repomill.agents.functions import Function
from repomill.calls.port import Calls
from repomill.canonical import Json
from repomill.tools.base import ToolArguments, validated

ArgumentsT = TypeVar("ArgumentsT", bound=ToolArguments)


def function(
    does: Callable[[ArgumentsT], Awaitable[Any]], model: type[ArgumentsT], *, max_calls: int = 50, version: str = "1"
) -> Function:
    """Return the function for what asks nothing outside; its docstring is what the model reads.

    What it says that it returns, plain data as `TypedDict` has it, becomes the schema of the answer.
    """

    async def run(arguments: Mapping[str, Any], _: Calls) -> Json:
        answer: Json = await does(validated(model, arguments))
        return answer

    return Function(
        does.__name__,
        getdoc(does) or "",
        parameters_of(model),
        run,
        version=version,
        output=TypeAdapter(get_type_hints(does)["return"]).json_schema(schema_generator=_Untitled),
        max_calls=max_calls,
    )


def parameters_of(model: type[ToolArguments]) -> dict[str, Any]:
    """Return the JSON Schema of arguments, without the titles and the docstring that pydantic adds."""
    return _unnamed(model.model_json_schema())


def _unnamed(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in schema.items() if name not in {"title", "description"}}


class _Untitled(GenerateJsonSchema):
    """Says nothing twice: titles only repeat the names, and a model is paid for what it reads."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> dict[str, Any]:
        return _unnamed(super().typed_dict_schema(schema))
