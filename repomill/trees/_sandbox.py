"""The Jinja2 environment in which everything is rendered: it sees plain data and reaches no Python object.

What is bounded: the size of every value made (`*`, `**`, `+`, `~`, literals, filters, macros), everything printed,
steps of `range`, length and tokens of a source, and time, looked at for each token, node of the syntax tree, loop step,
call, filter, test and operator. What is not: one step of Python's own on values within the bounds, such as a search in
16 MB of text.
"""

from collections.abc import Iterator
from types import MethodType
from typing import Any, Final, NoReturn

from jinja2 import BaseLoader, BytecodeCache, StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Namespace

from repomill.trees._budget import check_bits, kept, printable, refuse, room, spend, tick, weigh
from repomill.trees._filters import FILTERS, TESTS

_LOOP_CALLS: Final = frozenset({"cycle", "changed"})
_LOOP_NAMES: Final = _LOOP_CALLS | {
    "index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem",
}  # fmt: skip
_MAX_SOURCE: Final = 1_000_000
_MAX_TOKENS: Final = 20_000
"""Python's compiler takes some 10 µs a token, and lets no other thread run meanwhile."""
_TOKENS_A_TICK: Final = 32
"""Tokens read between two looks at the clock."""
_MAX_DIGITS: Final = 1000


class _CountingCodeGenerator(CodeGenerator):
    """Jinja's compiler, with a look at the budget where values, text and loop steps come into being."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802  # Jinja's name
        for loop in node.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_each", [], [], None, None, lineno=loop.iter.lineno)
        super().visit_Template(node, frame)

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        tick()
        return super().visit(node, *args, **kwargs)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("(environment.tick() or ")
        super().visit_Compare(node, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        """Slices are Python's own: they make a value past the environment."""
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.kept(")
        super().visit_Getitem(node, frame)
        self.write(")")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        constant = sum(len(child.data) for child in node.nodes if isinstance(child, nodes.TemplateData))
        self.writeline(f"environment.spend({constant})", node)
        super().visit_Output(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.kept(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        self.write("environment.kept(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802  # Jinja's name
        if node.ctx == "store":
            super().visit_Tuple(node, frame)
            return
        self.write("environment.kept(")
        super().visit_Tuple(node, frame)
        self.write(")")


@pass_context
def _finalize(_context: Context, value: object) -> str:
    """Turn what is printed into text; taking the context keeps the compiler from doing it ahead, uncounted."""
    text = printable(value)
    spend(len(text))
    return text


class Sandbox(ImmutableSandboxedEnvironment):
    """`a.b` and `a['b']` both mean the item `b`; no attribute or method of a Python object is ever looked up."""

    code_generator_class = _CountingCodeGenerator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    spend = staticmethod(spend)
    tick = staticmethod(tick)
    kept = staticmethod(kept)

    def __init__(self, loader: BaseLoader | None = None, compiled_before: BytecodeCache | None = None) -> None:
        super().__init__(
            loader=loader,
            bytecode_cache=compiled_before,
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            finalize=_finalize,
            auto_reload=False,
            optimized=False,  # constants are computed while a template renders, not while it is compiled
        )
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)
        # Jinja's other globals: `lipsum` and `joiner` are Python objects, `dict` is `{}`, `cycler` is `loop.cycle`.
        self.globals = {"range": safe_range, "namespace": Namespace}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up an item, or one of the few names of Jinja's own objects."""
        if isinstance(obj, LoopContext) and attribute in _LOOP_NAMES:
            return getattr(obj, attribute)
        if isinstance(obj, Namespace | TemplateModule) and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                return self.undefined(obj=obj, name=attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up an item of plain data; a missing one is undefined."""
        if isinstance(obj, Undefined):
            return obj[argument]  # raises, and names what is undefined
        key = _index_of_field(obj, argument)
        if isinstance(obj, dict) or (isinstance(obj, str | list | tuple) and isinstance(key, int)):
            try:
                return obj[key]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)
        if isinstance(argument, str) and argument in self.filters:
            return self.undefined(f"values have no methods here: write `| {argument}`", obj, argument)
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        """Allow Jinja's own: macros, `loop`, `super`, and the globals; an undefined one says what it is."""
        if isinstance(obj, MethodType):
            return isinstance(obj.__self__, LoopContext) and obj.__name__ in _LOOP_CALLS
        return (
            obj is safe_range or obj is Namespace or isinstance(obj, Macro | LoopContext | BlockReference | Undefined)
        )

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as in Jinja
        """Call what may be called, and keep the result in bounds."""
        tick()
        return kept(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute, with the size of the result known before it is made."""
        tick()
        if operator == "%" and isinstance(left, str):
            raise SecurityError("`%` does not format text here: write `| format(…)`")
        if operator == "*":
            _check_product(left, right)
        if operator == "**":
            _check_power(left, right)
        return kept(super().call_binop(context, operator, left, right))

    def joined(self, parts: tuple[object, ...]) -> str:
        """Compute `a ~ b`."""
        tick()
        texts = [printable(part) for part in parts]
        room(sum(map(len, texts)))
        return "".join(texts)

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        if len(source) > _MAX_SOURCE:
            refuse(f"{_MAX_SOURCE:,} characters of source")
        tokens = _counted(self.lexer.tokeniter(source, name, filename, state))
        return TokenStream(self.lexer.wrap(tokens, name, filename), name, filename)

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Leave tracebacks as they are: place and line are read from them."""
        raise  # noqa: PLE0704  # Jinja calls this while it handles the exception


def _counted(tokens: Iterator[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    for number, token in enumerate(tokens):
        if not number % _TOKENS_A_TICK:
            tick()
        if number > _MAX_TOKENS:
            refuse(f"{_MAX_TOKENS:,} tokens")
        if token[1] in {"integer", "float"} and len(token[2]) > _MAX_DIGITS:
            raise TemplateSyntaxError(f"a number can have {_MAX_DIGITS} digits at most", token[0])
        yield token


def _index_of_field(obj: Any, argument: Any) -> Any:
    """`groupby` gives pairs whose parts have names."""
    fields = getattr(type(obj), "_fields", ()) if isinstance(obj, tuple) else ()
    return fields.index(argument) if argument in fields else argument


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        check_bits(left.bit_length() + right.bit_length())
        return
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(times, int):
            room(weigh(sequence) * times)


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        check_bits(left.bit_length() * right)
