"""Expressions: every string of a specification is a Jinja2 template over plain data, in the sandbox.

A string that is one `{{ … }}` and nothing else gives the expression's own value (an object, a list, a number), any
other string gives text. Keys of objects are never rendered.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from repomill.canonical import Json
from repomill.errors import ExpressionFailed
from repomill.nodes.base import NodeConfig
from repomill.trees import rendering
from repomill.trees.references import Path, Reference
from repomill.workflow._config_strings import Shapes, map_strings
from repomill.workflow._model_faults import model_findings
from repomill.workflow.templates import is_template
from repomill.workflow.truth import truth

ROOTS = ("inputs", "variables", "nodes")
"""The names that expressions see."""

Scope = Mapping[str, Json]
ConfigT = TypeVar("ConfigT", bound=NodeConfig)


def render_value(value: Json, scope: Scope, place: str, shapes: Shapes = ()) -> Json:
    """Return the value with every expression in it replaced by what it yields.

    Args:
        value: plain data.
        scope: what expressions see, by name.
        place: what errors call the value; the pointer within it is appended.
        shapes: the models the value may belong to, whose `Raw` fields are left alone.

    Raises:
        ExpressionFailed: an expression cannot be parsed or evaluated, or yields something that is not plain data.
        RenderingTooLarge: an expression went over its bound in time or size.
    """

    def rendered(text: str, pointer: str) -> Json:
        return rendering.render_value(text, scope, place + pointer) if is_template(text) else text

    return map_strings(value, rendered, shapes)


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


def render_condition(value: Json, scope: Scope, place: str) -> bool:
    """Return whether an expression (a node's `when`, a loop's `while`) is true.

    Raises:
        ExpressionFailed, RenderingTooLarge: as `render_value`.
        ConditionFailed: it yields neither true nor false nor null.
    """
    return truth(render_value(value, scope, place), place)


def references(text: str, place: str) -> tuple[Reference, ...]:
    """Return the names that one string uses, each with its line, as far as they can be told without a run.

    Raises:
        ExpressionFailed: it cannot be parsed.
    """
    return rendering.references(text, place) if is_template(text) else ()


def referenced_paths(value: Json, place: str, shapes: Shapes = ()) -> frozenset[Path]:
    """Return the paths of all names a value's expressions use.

    `{{ nodes.plan.output.modules[0].name }}` uses `("nodes", "plan", "output", "modules", 0, "name")`.

    Raises:
        ExpressionFailed: an expression cannot be parsed.
    """
    found: set[Path] = set()

    def visit(text: str, pointer: str) -> str:
        found.update(reference.path for reference in references(text, place + pointer))
        return text

    map_strings(value, visit, shapes)
    return frozenset(found)
