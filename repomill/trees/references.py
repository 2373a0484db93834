"""Which names a template uses, read from its syntax tree without rendering it."""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from repomill.trees._guard import guarded
from repomill.trees._sandbox import Sandbox

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable a template reads: `nodes.plan.output.modules[0]` is `("nodes", "plan", "output", "modules", 0)`.

    The path ends before the first part that only rendering can tell: `nodes[x].output` is `("nodes",)`. `optional`
    says that the template copes with its absence (`default`, `is defined`).
    """

    path: Path
    line: int
    optional: bool = False


def referenced_names(source: str, place: str) -> frozenset[Path]:
    """Return the paths of `references`."""
    return frozenset(reference.path for reference in references(source, place))


def references(source: str, place: str) -> tuple[Reference, ...]:
    """Return the variables that a template reads, in order of line, without its own loop and `set` variables.

    Raises:
        ExpressionFailed: the template has a syntax error, or names a filter or test that does not exist.
    """
    with guarded(place):
        environment = Sandbox()
        environment.compile(source)  # finds unknown filters and tests, which parsing does not
        tree = environment.parse(source)
        free = find_undeclared_variables(tree)
        return tuple(sorted(_references(tree, free, optional=False), key=lambda reference: reference.line))


def _references(node: nodes.Node, free: set[str], *, optional: bool) -> Iterator[Reference]:
    chain, root = _unwound(node)
    if isinstance(root, nodes.Name):
        if root.name in free and root.ctx == "load":
            yield Reference((root.name, *_static_parts(chain)), root.lineno, optional)
        for link in chain:
            if isinstance(link, nodes.Getitem):
                yield from _references(link.arg, free, optional=False)
        return
    for child in node.iter_child_nodes():
        copes = _copes_with_absence(node) and child is getattr(node, "node", None)
        yield from _references(child, free, optional=copes)


def _unwound(node: nodes.Node) -> tuple[list[nodes.Getattr | nodes.Getitem], nodes.Node]:
    """Take `a.b[c]` apart into its links, from the left, and `a`."""
    links: list[nodes.Getattr | nodes.Getitem] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        links.append(node)
        node = node.node
    return links[::-1], node


def _static_parts(chain: list[nodes.Getattr | nodes.Getitem]) -> Iterator[str | int]:
    for link in chain:
        if isinstance(link, nodes.Getattr):
            yield link.attr
        elif isinstance(link.arg, nodes.Const) and isinstance(link.arg.value, str | int):
            yield link.arg.value
        else:
            return


def _copes_with_absence(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in {"default", "d"}
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}
