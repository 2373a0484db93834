"""Which strings of a configuration are expressions: all but those in fields marked `Raw`."""

from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from repomill.canonical import Json
from repomill.nodes.base import Raw
from repomill.workflow.pointers import ROOT, child

Shapes = tuple[Any, ...]
"""Type annotations a value may follow: models, `dict[str, Model]`, `tuple[Model, ...]`, unions of them."""

Visit = Callable[[str, str], Json]


def map_strings(value: Json, visit: Visit, shapes: Shapes = (), pointer: str = ROOT) -> Json:
    """Return the value with `visit(text, pointer)` in place of each string; keys stay as they are.

    `shapes` tell which models the value belongs to; what stands in their `Raw` fields is left alone.
    """
    if isinstance(value, str):
        return visit(value, pointer)
    if isinstance(value, list):
        inner = _item_shapes(shapes)
        return [map_strings(item, visit, inner, child(pointer, index)) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _member(key, item, visit, shapes, child(pointer, key)) for key, item in value.items()}
    return value


def _member(key: str, value: Json, visit: Visit, shapes: Shapes, pointer: str) -> Json:
    fields = [field for shape in shapes for field in _fields(shape, key)]
    if any(raw for raw, _ in fields):
        return value
    return map_strings(value, visit, tuple(inner for _, found in fields for inner in found), pointer)


def _fields(shape: Any, key: str) -> list[tuple[bool, Shapes]]:
    """Return for the member of an object whether it is raw, and its own shapes."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        table = _model_fields(shape)
        return [table[key]] if key in table else []
    return [(False, _alternatives(get_args(shape)[-1]))] if _origin(shape) is dict else []


@cache
def _model_fields(model: type[BaseModel]) -> Mapping[str, tuple[bool, Shapes]]:
    return {
        field.alias or name: (any(isinstance(mark, Raw) for mark in field.metadata), _alternatives(field.annotation))
        for name, field in model.model_fields.items()
    }


@cache
def _item_shapes(shapes: Shapes) -> Shapes:
    lists = (shape for shape in shapes if _origin(shape) in {list, tuple})
    return tuple(inner for shape in lists for part in get_args(shape) for inner in _alternatives(part))


def _origin(shape: object) -> object:
    return get_origin(shape)


def _alternatives(annotation: Any) -> Shapes:
    """Take unions and `Annotated` apart."""
    if _origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if _origin(annotation) in {Union, UnionType}:
        return tuple(inner for part in get_args(annotation) for inner in _alternatives(part))
    return (annotation,)
