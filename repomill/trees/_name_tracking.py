"""Which names a syntax tree takes from outside: Jinja's rules of scope, followed without generating code."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError

from repomill.trees._budget import tick
from repomill.trees._sandbox import Sandbox

Path = tuple[str | int, ...]
Bound = set[str]

_LINKS = (nodes.Getattr, nodes.Getitem)
_CHAINS = (nodes.Name, *_LINKS)
_SHALLOW = 20
"""Python compiles no expression with 200 brackets inside each other; trees of this depth have fewer."""
_MACRO_NAMES = frozenset({"caller", "kwargs", "varargs"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A variable a template reads: `nodes.plan.output.modules[0]` is `("nodes", "plan", "output", "modules", 0)`.

    The path ends before the first part that only rendering can tell: `nodes[x].output` is `("nodes",)`. `optional`
    says that the template copes with its absence (`default`, `is defined`), `needed` that without it every rendering
    fails.
    """

    path: Path
    line: int
    optional: bool = False
    needed: bool = False


@dataclass(slots=True)
class NameTracker:
    """Collects references; `bound` in its methods are the names that the template made itself, as far as it got.

    A name that only some branches of an `if` set may still come from outside, as Jinja has it.
    """

    environment: Sandbox
    found: list[Reference] = field(default_factory=list)
    needs_compiling: bool = False
    """True when there is what only the compiler finds fault with: statements, named arguments, deep nesting."""
    needed: frozenset[int] = frozenset()
    """The `id` of nodes that no rendering does without."""
    _depth: int = 0

    def visit(self, node: nodes.Node, bound: Bound, *, optional: bool = False) -> None:
        """Collect from a node and all below it; names it sets are added to `bound`."""
        tick()
        self._depth += 1
        self.needs_compiling |= self._depth > _SHALLOW
        self._visit(node, bound, optional)
        self._depth -= 1

    def _visit(self, node: nodes.Node, bound: Bound, optional: bool) -> None:
        visit = _STATEMENTS.get(type(node))
        if visit is not None:
            self.needs_compiling = True
            visit(self, node, bound)
        elif isinstance(node, _CHAINS):
            self._chain(node, bound, optional)
        else:
            self._known(node)
            self.needs_compiling |= isinstance(node, nodes.Keyword | nodes.Stmt) and not isinstance(node, nodes.Output)
            for child in node.iter_child_nodes():
                copes = _copes_with_absence(node) and child is getattr(node, "node", None)
                self.visit(child, bound, optional=copes)

    def _all(self, children: Iterable[nodes.Node], bound: Bound) -> Bound:
        for child in children:
            self.visit(child, bound)
        return bound

    def _known(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Filter) and node.name not in self.environment.filters:
            raise TemplateAssertionError(f"No filter named {node.name!r}.", node.lineno)
        if isinstance(node, nodes.Test) and node.name not in self.environment.tests:
            raise TemplateAssertionError(f"No test named {node.name!r}.", node.lineno)

    def _chain(self, node: nodes.Node, bound: Bound, optional: bool) -> None:
        """Take `a.b[c]` apart: a reference to `a.b`, and what `c` refers to."""
        links: list[nodes.Getattr | nodes.Getitem] = []
        is_needed = id(node) in self.needed
        while isinstance(node, _LINKS):
            links.append(node)
            node = node.node
        links.reverse()
        self.needs_compiling |= len(links) > _SHALLOW
        if isinstance(node, nodes.Name):
            if node.ctx == "load" and node.name not in bound:
                self.found.append(Reference((node.name, *_static_parts(links)), node.lineno, optional, is_needed))
        else:
            self.visit(node, bound)
        for link in links:
            if isinstance(link, nodes.Getitem):
                self.visit(link.arg, bound)

    def _target(self, node: nodes.Node, bound: Bound) -> None:
        """Bind what is assigned to; `ns.x` reads `ns`."""
        bound |= {name.name for name in _names(node)}
        for item in (node, *node.find_all(nodes.NSRef)):
            if isinstance(item, nodes.NSRef) and item.name not in bound:
                self.found.append(Reference((item.name,), item.lineno))

    def _if(self, node: nodes.If, bound: Bound) -> None:
        self.visit(node.test, bound)
        branches = [self._all(node.body, set(bound))]
        for branch in node.elif_:
            self.visit(branch.test, bound)
            branches.append(self._all(branch.body, set(bound)))
        branches.append(self._all(node.else_, set(bound)))
        bound |= set.intersection(*branches)

    def _for(self, node: nodes.For, bound: Bound) -> None:
        self.visit(node.iter, bound)
        inner = bound | {"loop"}
        self._target(node.target, inner)
        if node.test is not None:
            self.visit(node.test, inner)
        self._all(node.body, inner)
        self._all(node.else_, set(bound))

    def _macro(self, node: nodes.Macro, bound: Bound) -> None:
        bound.add(node.name)
        self._with_arguments(node, bound)

    def _call_block(self, node: nodes.CallBlock, bound: Bound) -> None:
        self.visit(node.call, bound)
        self._with_arguments(node, bound)

    def _with_arguments(self, node: nodes.Macro | nodes.CallBlock, bound: Bound) -> None:
        inner = bound | _MACRO_NAMES | {argument.name for argument in node.args}
        self._all(node.defaults, inner)
        self._all(node.body, inner)

    def _with(self, node: nodes.With, bound: Bound) -> None:
        self._all(node.values, bound)
        inner = set(bound)
        for target in node.targets:
            self._target(target, inner)
        self._all(node.body, inner)

    def _assign(self, node: nodes.Assign, bound: Bound) -> None:
        self.visit(node.node, bound)
        self._target(node.target, bound)

    def _assign_block(self, node: nodes.AssignBlock, bound: Bound) -> None:
        self._filtered_block(node, bound)
        self._target(node.target, bound)

    def _filtered_block(self, node: nodes.AssignBlock | nodes.FilterBlock, bound: Bound) -> None:
        self._all(node.body, set(bound))
        if node.filter is not None:
            self.visit(node.filter, bound)

    def _block(self, node: nodes.Block, bound: Bound) -> None:
        self._all(node.body, bound | {"super"})

    def _import(self, node: nodes.Import, bound: Bound) -> None:
        self.visit(node.template, bound)
        bound.add(node.target)

    def _from_import(self, node: nodes.FromImport, bound: Bound) -> None:
        self.visit(node.template, bound)
        bound |= {name if isinstance(name, str) else name[1] for name in node.names}


_STATEMENTS: dict[type[nodes.Node], Callable[..., None]] = {
    nodes.If: NameTracker._if,
    nodes.For: NameTracker._for,
    nodes.Macro: NameTracker._macro,
    nodes.CallBlock: NameTracker._call_block,
    nodes.With: NameTracker._with,
    nodes.Assign: NameTracker._assign,
    nodes.AssignBlock: NameTracker._assign_block,
    nodes.FilterBlock: NameTracker._filtered_block,
    nodes.Block: NameTracker._block,
    nodes.Import: NameTracker._import,
    nodes.FromImport: NameTracker._from_import,
}


def _names(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))


def _static_parts(links: list[nodes.Getattr | nodes.Getitem]) -> list[str | int]:
    parts: list[str | int] = []
    for link in links:
        if isinstance(link, nodes.Getattr):
            parts.append(link.attr)
        elif isinstance(link.arg, nodes.Const) and isinstance(link.arg.value, str | int):
            parts.append(link.arg.value)
        else:
            break
    return parts


def _copes_with_absence(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in {"default", "d"}
    return isinstance(node, nodes.Test) and node.name in {"defined", "undefined"}
