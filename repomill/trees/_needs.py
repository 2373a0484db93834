"""Which variables a template cannot do without: every rendering evaluates them, and fails when they are not there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from jinja2 import nodes

_FILTERS: Final = frozenset({"count", "join", "length", "list", "lower", "upper"})
"""Of the filters that fail on what is not there, those that people put behind an output."""


def needed(template: nodes.Template) -> Iterator[nodes.Node]:
    """Yield variables and paths, as in `a.b`, without those that only some renderings come to, and those in doubt."""
    waiting = [part for statement in template.body for part in _parts(statement, _STATEMENTS)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, nodes.Name | nodes.Getattr | nodes.Getitem):
            yield value
        waiting += _parts(value, _EXPRESSIONS)


_Parts = Mapping[type[nodes.Node], Callable[[Any], Sequence[nodes.Node]]]


def _parts(node: nodes.Node, parts: _Parts) -> Sequence[nodes.Node]:
    return parts[type(node)](node) if type(node) in parts else ()


def _compared(node: nodes.Compare) -> Sequence[nodes.Node]:
    """In an empty list nothing is compared with what is looked for; a second comparison may not be come to."""
    first = node.ops[0]
    return (first.expr,) if first.op in {"in", "notin"} else (node.expr, first.expr)


def _filtered(node: nodes.Filter) -> Sequence[nodes.Node]:
    return (node.node,) if node.name in _FILTERS and node.node is not None else ()


_STATEMENTS: Final[_Parts] = {
    nodes.Output: lambda node: node.nodes,
    nodes.If: lambda node: (node.test,),
    nodes.For: lambda node: (node.iter,),
}
_EXPRESSIONS: Final[_Parts] = {
    **dict.fromkeys((nodes.And, nodes.Or), lambda node: (node.left,)),
    **dict.fromkeys((nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv), lambda node: (node.left, node.right)),
    **dict.fromkeys((nodes.Not, nodes.Neg, nodes.Pos), lambda node: (node.node,)),
    nodes.Concat: lambda node: node.nodes,
    nodes.CondExpr: lambda node: (node.test,),
    nodes.Compare: _compared,
    nodes.Filter: _filtered,
}
"""Of expressions, what they need for their own value."""
