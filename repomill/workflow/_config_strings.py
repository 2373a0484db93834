"""Which strings of a configuration are expressions: all but those in fields marked `Raw`."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from repomill.canonical import Json
from repomill.nodes.base import Raw
from repomill.workflow.pointers import ROOT, child

Models = tuple[type[BaseModel], ...]
Visit = Callable[[str, str], Json]


def map_strings(value: Json, visit: Visit, models: Models = (), pointer: str = ROOT) -> Json:
    """Return the value with `visit(text, pointer)` in place of each string; keys stay as they are.

    `models` are the Pydantic models the value may belong to; what stands in their `Raw` fields is left alone.
    """
    if isinstance(value, str):
        return visit(value, pointer)
    if isinstance(value, list):
        return [map_strings(item, visit, models, child(pointer, index)) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _member(key, item, visit, models, child(pointer, key)) for key, item in value.items()}
    return value


def _member(key: str, value: Json, visit: Visit, models: Models, pointer: str) -> Json:
    fields = [_fields(model)[key] for model in models if key in _fields(model)]
    if any(raw for raw, _ in fields):
        return value
    inner = tuple(model for _, nested in fields for model in nested)
    # A key that is no field belongs to a table of models (`dict[str, Model]`): they stay in sight.
    return map_strings(value, visit, inner if fields else models, pointer)


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, tuple[bool, Models]]:
    """Return, by the key a document uses, whether a field is raw and which models lie within it."""
    return {
        field.alias or name: (any(isinstance(mark, Raw) for mark in field.metadata), _models_in(field.annotation))
        for name, field in model.model_fields.items()
    }


def _models_in(annotation: Any) -> Models:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for part in get_args(annotation) for model in _models_in(part))
