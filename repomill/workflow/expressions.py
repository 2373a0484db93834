"""Expressions: every string of a specification is a Jinja2 template over plain data, in the sandbox.

A string that is one `{{ … }}` and nothing else gives the expression's own value (an object, a list, a number), any
other string gives text. Keys of objects are never rendered.
"""

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeVar

from jinja2 import TemplateError, nodes
from jinja2.runtime import Undefined
from pydantic import ValidationError

from repomill.canonical import Json
from repomill.errors import ExpressionFailed, RenderingTooLarge
from repomill.nodes.base import NodeConfig
from repomill.trees.rendering import referenced_names, render_text, sandbox
from repomill.workflow._config_strings import Models, map_strings
from repomill.workflow._model_faults import model_findings

ROOTS = ("inputs", "variables", "nodes")
"""The names that expressions see."""

MAX_ITEMS = 250_000
"""Values one expression may yield."""

Path = tuple[str | int, ...]
Scope = Mapping[str, Json]
ConfigT = TypeVar("ConfigT", bound=NodeConfig)

# What evaluating an expression over plain data can raise; anything else is a fault of ours.
_EVALUATION_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)


def render_value(value: Json, scope: Scope, place: str, models: Models = ()) -> Json:
    """Return the value with every expression in it replaced by what it yields.

    Raises:
        ExpressionFailed: an expression cannot be parsed or evaluated, or yields something that is not plain data.
        RenderingTooLarge: an expression went over its bound in time or size.
    """
    return map_strings(value, lambda text, pointer: _render(text, scope, place + pointer), models)


def render_config(config_model: type[ConfigT], raw: Mapping[str, Any], scope: Scope, place: str) -> ConfigT:
    """Render a node's configuration, all but its `Raw` fields, and check it with its model.

    Raises:
        ExpressionFailed: as in `render_value`, or a rendered value is not what the model asks for.
        RenderingTooLarge: an expression went over its bound in time or size.
    """
    rendered = render_value(dict(raw), scope, place, (config_model,))
    try:
        return config_model.model_validate(rendered)
    except ValidationError as error:
        found = list(model_findings(config_model, error.errors(include_url=False), rendered, place))
        reasons = [found[0].message, *(f"{other.pointer}: {other.message}" for other in found[1:])]
        raise ExpressionFailed(found[0].pointer, 1, "; ".join(reasons)) from error


def references(value: Json, place: str, models: Models = ()) -> frozenset[Path]:
    """Return the paths of the names that a value's expressions use, as far as they can be told without a run.

    `{{ nodes.plan.output.modules[0].name }}` uses `("nodes", "plan", "output", "modules", 0, "name")`.

    Raises:
        ExpressionFailed: an expression cannot be parsed.
    """
    found: set[Path] = set()

    def visit(text: str, pointer: str) -> str:
        if "{" in text:
            found.update(referenced_names(text, place + pointer))
        return text

    map_strings(value, visit, models)
    return frozenset(found)


def _render(text: str, scope: Scope, place: str) -> Json:
    if "{" not in text:
        return text
    expression = _sole_expression(text)
    return render_text(text, scope, place) if expression is None else _evaluate(expression, scope, place)


def _sole_expression(text: str) -> str | None:
    """Return what stands between the braces when nothing stands outside them."""
    text = text.strip()
    if not (text.startswith("{{") and text.endswith("}}")):
        return None
    try:
        body = sandbox().parse(text).body
    except TemplateError:
        return None  # render_text says what is wrong, with the line
    match body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            return text[2:-2].strip("+-")
    return None


def _evaluate(expression: str, scope: Scope, place: str) -> Json:
    try:
        result = sandbox().compile_expression(expression, undefined_to_none=False)(**scope)
        if isinstance(result, Undefined):
            str(result)  # a strict undefined says in its own words what is missing
        return _plain(result, place)
    except _EVALUATION_ERRORS as error:
        raise ExpressionFailed(place, getattr(error, "lineno", None) or 1, str(error)) from error


def _plain(value: object, place: str) -> Json:
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("the result is not a finite number")
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, place) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain(item, place) for item in _bounded(value, place)]
    raise TypeError(f"the result is not plain data but {type(value).__name__}")


def _bounded(items: Iterable[object], place: str) -> list[object]:
    taken = list(islice(items, MAX_ITEMS + 1))
    if len(taken) > MAX_ITEMS:
        raise RenderingTooLarge(place, f"{MAX_ITEMS} values")
    return taken
