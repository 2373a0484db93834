"""Rendering of templates and expressions that stand alone."""

from collections.abc import Mapping

from jinja2 import Template

from repomill.canonical import Json
from repomill.trees._budget import Budget, Limits, kept
from repomill.trees._compiled import compiled_text, compiled_value, shared_sandbox
from repomill.trees._guard import guarded
from repomill.trees._plain import as_json, whole

Scope = Mapping[str, Json]

DEFAULT_LIMITS = Limits()


def render_text(source: str, scope: Scope, place: str, limits: Limits = DEFAULT_LIMITS) -> str:
    """Render a template that stands alone; `place` is the field or file that errors name.

    Raises:
        ExpressionFailed: a syntax error, an undefined name, or anything else the template does wrong, with its line.
        RenderingTooLarge: it went over `limits`.
    """
    with guarded(place, limits) as budget:
        return rendered(compiled_text(source).template, scope, budget)


def evaluate(expression: str, scope: Scope, place: str, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Return the value of an expression (without braces), as JSON; raises as `render_text` does."""
    with guarded(place, limits):
        compiled = shared_sandbox().compile_expression(expression, undefined_to_none=False)
        return kept(as_json(compiled(dict(scope))))


def render_value(source: str, scope: Scope, place: str, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Return the value itself when the template is one `{{ … }}` and nothing else, and its text otherwise.

    `{{ nodes.plan.output.modules }}` gives the list. Raises as `render_text` does.
    """
    with guarded(place, limits) as budget:
        compiled = compiled_value(source)
        if not compiled.is_expression:
            return rendered(compiled.template, scope, budget)
        module = compiled.template.make_module(dict(scope))
        return kept(as_json(module.value))  # type: ignore[attr-defined]  # exported by `set`


def rendered(template: Template, scope: Scope, budget: Budget) -> str:
    """Return a template's text; raises what the template does."""
    parts: list[str] = []
    size = 0
    for part in template.generate(dict(scope)):
        parts.append(part)
        size += len(part)
        if size > budget.limits.characters:
            budget.refuse_size()
    return whole("".join(parts))
