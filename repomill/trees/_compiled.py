"""Templates that stand alone, parsed and compiled once for each text."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, TypeVar

from jinja2 import Template, nodes

from repomill.trees._name_tracking import NameTracker, Reference
from repomill.trees._needs import needed
from repomill.trees._sandbox import Sandbox

_KEPT: Final = 2048
_KEPT_LENGTH: Final = 20_000
"""Longer texts are rare, and would hold too much memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template; `is_expression` when it is one `{{ … }}` whose value is its module's `value`."""

    template: Template
    is_expression: bool = False


@cache
def shared_sandbox() -> Sandbox:
    """Return the environment of templates that include nothing."""
    return Sandbox()


def compiled_text(source: str) -> Compiled:
    """Compile a template."""
    return _remembered(_text, source)


def compiled_value(source: str) -> Compiled:
    """Compile a template so that it gives its value, when it is one expression and nothing else."""
    return _remembered(_value, source)


def read_names(source: str) -> tuple[Reference, ...]:
    """Return what a template reads, in order of line."""
    return _remembered(_names, source)[0]


def checked_names(source: str) -> tuple[Reference, ...]:
    """Return what a template reads, once it is sure that it compiles."""
    found, needs_compiling = _remembered(_names, source)
    if needs_compiling:
        compiled_text(source)
    return found


def _remembered(make: Callable[[str], T], source: str) -> T:
    """Failures are not remembered: each names the place it was asked for."""
    return make(source) if len(source) <= _KEPT_LENGTH else make.__wrapped__(source)  # type: ignore[attr-defined]  # of lru_cache


@lru_cache(_KEPT)
def _text(source: str) -> Compiled:
    return Compiled(shared_sandbox().from_string(source))


@lru_cache(_KEPT)
def _value(source: str) -> Compiled:
    expression = _only_expression(shared_sandbox().parse(source).body)
    if expression is None:
        return compiled_text(source)
    assignment = nodes.Assign(nodes.Name("value", "store"), expression, lineno=1)
    return Compiled(shared_sandbox().from_string(nodes.Template([assignment], lineno=1)), is_expression=True)


@lru_cache(_KEPT)
def _names(source: str) -> tuple[tuple[Reference, ...], bool]:
    environment = shared_sandbox()
    tree = environment.parse(source)
    tracker = NameTracker(environment, needed=frozenset(map(id, needed(tree))))
    tracker.visit(tree, {"self", *environment.globals})
    found = tuple(sorted(tracker.found, key=lambda reference: reference.line))
    return found, tracker.needs_compiling


def _only_expression(body: list[nodes.Node]) -> nodes.Expr | None:
    output = body[0] if len(body) == 1 else None
    if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
        return None
    return None if isinstance(output.nodes[0], nodes.TemplateData) else output.nodes[0]
