"""Rendering of templates and expressions, in the sandbox, with size and time bounded."""

from collections.abc import Mapping, Sequence

from jinja2 import BaseLoader, FunctionLoader, Template

from repomill.canonical import Json
from repomill.trees._budget import Budget, Limits, kept
from repomill.trees._compiled import compiled_text, compiled_value, shared_sandbox
from repomill.trees._guard import guarded
from repomill.trees._plain import as_json, whole
from repomill.trees._sandbox import Sandbox
from repomill.trees.paths import check_paths
from repomill.trees.references import Reference, referenced_names, references
from repomill.trees.tree import TreeFile

__all__ = [
    "Limits", "Reference", "evaluate", "referenced_names", "references", "render_folder", "render_text",
    "render_value", "sandbox",
]  # fmt: skip

TEMPLATE_SUFFIX = ".j2"

Scope = Mapping[str, Json]

_DEFAULT_LIMITS = Limits()


def sandbox(loader: BaseLoader | None = None) -> Sandbox:
    """Make the environment that every template and expression is compiled in.

    Time and output are bounded by the functions below, which render inside a budget; values are bounded always.
    """
    return Sandbox(loader)


def render_text(source: str, scope: Scope, place: str, limits: Limits = _DEFAULT_LIMITS) -> str:
    """Render a template that stands alone; `place` is the field or file that errors name.

    Raises:
        ExpressionFailed: a syntax error, an undefined name, or anything else the template does wrong, with its line.
        RenderingTooLarge: it went over `limits`.
    """
    with guarded(place, limits) as budget:
        return _text(compiled_text(source).template, scope, budget)


def evaluate(expression: str, scope: Scope, place: str, limits: Limits = _DEFAULT_LIMITS) -> Json:
    """Return the value of an expression (without braces), as JSON; raises as `render_text` does."""
    with guarded(place, limits):
        compiled = shared_sandbox().compile_expression(expression, undefined_to_none=False)
        return kept(as_json(compiled(dict(scope))))


def render_value(source: str, scope: Scope, place: str, limits: Limits = _DEFAULT_LIMITS) -> Json:
    """Return the value itself when the template is one `{{ … }}` and nothing else, and its text otherwise.

    `{{ nodes.plan.output.modules }}` gives the list. Raises as `render_text` does.
    """
    with guarded(place, limits) as budget:
        compiled = compiled_value(source)
        if not compiled.is_expression:
            return _text(compiled.template, scope, budget)
        module = compiled.template.make_module(dict(scope))
        return kept(as_json(module.value))  # type: ignore[attr-defined]  # exported by `set`


def render_folder(
    files: Sequence[TreeFile], scope: Scope, place: str, limits: Limits = _DEFAULT_LIMITS
) -> tuple[TreeFile, ...]:
    """Render a template folder; `limits` hold for each file.

    Files that end in `.j2` are rendered and lose the suffix; others are taken as they are. Names of files and
    folders are rendered too: a part that renders empty leaves the file out, a `/` in it makes folders. Files under
    a top folder that begins with `_` (`_macros/`) are there to be included and are not written. Includes and
    imports are paths from the folder's root and reach nothing else.

    Raises:
        ExpressionFailed, RenderingTooLarge: as `render_text`; the place is `place/path`.
        UnsafeTree: a rendered path is not safe, or two files render to one path.
    """
    contents = {file.path: file.content for file in files}
    environment = sandbox(FunctionLoader(lambda path: contents[path].decode() if path in contents else None))
    rendered = []
    for file in files:
        path = "" if _is_for_include_only(file.path) else _path(file.path, scope, f"{place}/{file.path}", limits)
        if path:
            rendered.append(TreeFile(path, _content(file, environment, scope, place, limits), file.mode))
    check_paths(file.path for file in rendered)
    return tuple(rendered)


def _text(template: Template, scope: Scope, budget: Budget) -> str:
    parts: list[str] = []
    size = 0
    for part in template.generate(dict(scope)):
        parts.append(part)
        size += len(part)
        if size > budget.limits.characters:
            budget.refuse_size()
    return whole("".join(parts))


def _is_for_include_only(path: str) -> bool:
    return path.startswith("_") and "/" in path


def _path(source: str, scope: Scope, place: str, limits: Limits) -> str:
    """Render each part of a path; the empty string when one of them is empty."""
    parts = [
        render_text(part, scope, f"the path {place}", limits) if "{" in part else part
        for part in source.removesuffix(TEMPLATE_SUFFIX).split("/")
    ]
    return "/".join(parts) if all(parts) else ""


def _content(file: TreeFile, environment: Sandbox, scope: Scope, place: str, limits: Limits) -> bytes:
    if not file.path.endswith(TEMPLATE_SUFFIX):
        return file.content
    with guarded(f"{place}/{file.path}", limits, folder=place) as budget:
        return _text(environment.get_template(file.path), scope, budget).encode()
