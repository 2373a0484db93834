"""The boundary around templates: whatever they raise becomes an error that names file and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from jinja2 import Template
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from repomill.errors import ExpressionFailed, RepomillError
from repomill.trees._budget import Budget, Limits, spending

_DEFAULT_LIMITS = Limits()


@contextmanager
def guarded(place: str, limits: Limits = _DEFAULT_LIMITS, folder: str = "") -> Iterator[Budget]:
    """Render inside, against a fresh budget.

    `folder` is where the templates that include each other are; errors in them name `folder/path`.

    Raises:
        ExpressionFailed: for every exception out of the template.
        RenderingTooLarge: the budget was spent.
    """
    try:
        with spending(Budget(place, limits)) as budget:
            yield budget
    except RepomillError:
        raise
    except TemplateSyntaxError as error:
        raise ExpressionFailed(_named(error.name, place, folder), error.lineno, _reason(error)) from error
    except Exception as error:  # the boundary: operators and filters raise whatever Python raises
        name, line = _position(error)
        raise ExpressionFailed(_named(name, place, folder), line, _reason(error)) from error


def _position(error: Exception) -> tuple[str | None, int]:
    """Return name and line of the innermost template that was being rendered."""
    name, line = None, 1
    for frame, python_line in walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            name, line = template.name, template.get_corresponding_lineno(python_line)
    return name, line


def _named(template: str | None, place: str, folder: str) -> str:
    return f"{folder}/{template}" if template and folder else place


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name!r} in the folder"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return getattr(error, "message", None) or str(error) or type(error).__name__
