"""The filters and tests that templates may use: those that give the same result every time and cannot reach Python.

Left out of Jinja's own: `attr` (Python attributes), `random` and `pprint` (not the same every time), `safe`,
`forceescape`, `urlize`, `xmlattr` and `striptags` (nothing is escaped by itself here), and the tests `callable`,
`filter`, `test`, `escaped` and `sameas` (they ask about Python objects).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, Final, cast

from jinja2 import Environment, Undefined, pass_environment
from jinja2.exceptions import FilterArgumentError, SecurityError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.filters import make_attrgetter, sync_do_slice
from jinja2.tests import TESTS as JINJA_TESTS
from markupsafe import escape

from repomill.trees import _words
from repomill.trees._budget import kept, printable, room, tick, weigh

Function = Callable[..., Any]

_MAX_WIDTH: Final = 1000
_MAX_INDENT: Final = 100
_MAX_WRAPPED: Final = 50_000
"""Python's textwrap takes quadratic time in the length of a word."""
_MAX_INDENTED: Final = 2_000_000
_ONE_CHARACTER: Final = 17
"""Weight of a character in a list of its own."""
_QUOTED: Final = 12
"""Characters that one can become in a URL."""
_DATA: Final = (str, int, float, list, tuple, dict, range, Undefined, Iterator, type(None))

_TAKES_DATA: Final = (
    "abs", "count", "d", "default", "dictsort", "filesizeformat", "first", "float", "items", "last", "length",
    "reverse",
)  # fmt: skip
_TAKES_SEQUENCE: Final = (
    "groupby", "list", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "unique",
)  # fmt: skip
_TAKES_TEXT: Final = ("capitalize", "lower", "title", "truncate", "upper")
_KEPT_TESTS: Final = (
    "!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float",
    "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none",
    "number", "odd", "sequence", "string", "true", "undefined", "upper",
)  # fmt: skip


def each(value: Iterable[object]) -> Iterator[object]:
    """Go through what a `for` goes through, with an eye on the clock; the compiler puts it there."""
    for item in _in_parts(value):
        tick()
        yield item


def _in_parts(value: Any) -> Any:
    """Return a sequence whose parts may become values of their own."""
    if isinstance(value, str):
        room(len(value) * _ONE_CHARACTER)
    return value


def _bounded(filter_function: Function) -> Function:
    """Let a filter see and give data only, and nothing too heavy."""
    first = 1 if hasattr(filter_function, "jinja_pass_arg") else 0

    @wraps(filter_function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        tick()
        for value in (*args[first:], *kwargs.values()):
            if not isinstance(value, _DATA):
                raise SecurityError(f"a {type(value).__name__} cannot be given to a filter")
        return kept(filter_function(*args, **kwargs))

    return bounded


def _on_parts(filter_function: Function) -> Function:
    """Let a filter of sequences take text as the list of its characters."""
    first = 1 if hasattr(filter_function, "jinja_pass_arg") else 0

    @wraps(filter_function)
    def on_parts(*args: Any, **kwargs: Any) -> Any:
        return filter_function(*args[:first], _in_parts(args[first]), *args[first + 1 :], **kwargs)

    return _bounded(on_parts)


def _on_text(filter_function: Function) -> Function:
    """Let a filter of text take any plain data as the text it prints as."""
    first = 1 if hasattr(filter_function, "jinja_pass_arg") else 0

    @wraps(filter_function)
    def on_text(*args: Any, **kwargs: Any) -> Any:
        return filter_function(*args[:first], printable(args[first]), *args[first + 1 :], **kwargs)

    return _bounded(on_text)


def _at_most(bound: int, value: int, what: str) -> int:
    if abs(value) > bound:
        raise FilterArgumentError(f"{what} can be {bound} at most")
    return value


def _batch(value: Iterable[object], linecount: int, fill_with: object = None) -> object:
    return JINJA_FILTERS["batch"](value, _at_most(_MAX_WIDTH, linecount, "linecount"), fill_with)


def _slice(value: Iterable[object], slices: int, fill_with: object = None) -> object:
    if slices < 1:
        raise FilterArgumentError("slices must be 1 at least")
    return sync_do_slice(list(value), _at_most(_MAX_WIDTH, slices, "slices"), fill_with)


def _round(value: float, precision: int = 0, method: str = "common") -> object:
    return JINJA_FILTERS["round"](value, _at_most(_MAX_INDENT, precision, "precision"), method)


def _center(text: str, width: int = 80) -> str:
    return text.center(_at_most(_MAX_WIDTH, width, "width"))


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> object:
    _at_most(_MAX_INDENTED, len(text), "the length of indented text")
    padding = _at_most(_MAX_INDENT, width if isinstance(width, int) else len(width), "width")
    room(len(text) + (len(text.splitlines()) + 1) * padding)
    return JINJA_FILTERS["indent"](text, width, first, blank)


@pass_environment
def _wordwrap(environment: Environment, text: str, width: int = 79, break_long_words: bool = True) -> object:
    _at_most(_MAX_WRAPPED, len(text), "the length of wrapped text")
    return JINJA_FILTERS["wordwrap"](environment, text, width, break_long_words, "\n")


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    times = text.count(old) if count < 0 else min(count, text.count(old))
    room(len(text) + times * len(new))
    return text.replace(old, new, count)


@pass_environment
def _join(environment: Environment, value: Iterable[object], d: str = "", attribute: str | None = None) -> str:
    look_up = make_attrgetter(environment, attribute)
    parts: list[str] = []
    weight = 0
    for item in value:
        parts.append(printable(look_up(item)))
        weight += len(parts[-1]) + len(d)
        room(weight)
    return d.join(parts)


@pass_environment
def _sum(environment: Environment, value: Iterable[object], attribute: str | None = None, start: float = 0) -> float:
    total = start
    for item in map(make_attrgetter(environment, attribute), value):
        if not isinstance(item, int | float) or not isinstance(total, int | float):
            raise FilterArgumentError("sum takes numbers only")
        total += item
    return total


def _format(text: str, *args: object, **kwargs: object) -> str:
    if re.search(r"%[^a-zA-Z%]*(\*|\d{4})", text):
        raise FilterArgumentError("a width in format can have three digits at most")
    values = kwargs or args
    weight = weigh(list(kwargs.values()) or list(args), plain=True)
    if kwargs:  # each may be used as often as it is named
        room(text.count("%(") * weight)
    room(len(text) * _MAX_WIDTH if re.search(r"%[^a-zA-Z%]*\d{3}", text) else len(text))
    return text % values


def _tojson(value: object, indent: int | None = None) -> str:
    """Return JSON with sorted keys, so that equal values print alike; nothing is escaped for HTML."""
    weigh(value, plain=True)
    width = None if indent is None else _at_most(16, indent, "indent")
    encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False, indent=width)
    parts: list[str] = []
    size = 0
    for part in encoder.iterencode(value):
        parts.append(part)
        size += len(part)
        room(size)
    return "".join(parts)


def _split(text: str, separator: str | None = None, count: int = -1) -> list[str]:
    parts = (text.count(separator) if separator else len(text) // 2) + 1
    room(len(text) + (_ONE_CHARACTER - 1) * (parts if count < 0 else min(parts, count + 1)))
    return text.split(separator, count)


def _trim(text: str, chars: str | None = None) -> str:
    """Python looks each character up in `chars`."""
    _at_most(_MAX_WIDTH, len(chars or ""), "the length of chars")
    return text.strip(chars)


def _int(value: object, default: int = 0, base: int = 10) -> object:
    if isinstance(value, str):
        _at_most(_MAX_WIDTH, len(value), "the length of a number")
    return JINJA_FILTERS["int"](value, default, base)


def _urlencode(text: str) -> object:
    room(len(text) * _QUOTED)
    return JINJA_FILTERS["urlencode"](text)


def _wordcount(text: str) -> int:
    return sum(1 for _ in re.finditer(r"\w+", text))


_OWN_FOR_DATA: Final[Mapping[str, Function]] = {
    "int": _int, "join": _join, "round": _round, "sum": _sum, "tojson": _tojson,
}  # fmt: skip
_OWN_FOR_TEXT: Final[Mapping[str, Function]] = {
    "center": _center, "e": lambda text: str(escape(text)), "escape": lambda text: str(escape(text)),
    "format": _format, "indent": _indent, "pascal_case": _words.pascal_case, "replace": _replace, "slug": _words.slug,
    "snake_case": _words.snake_case, "split": _split, "string": lambda text: text, "trim": _trim,
    "urlencode": _urlencode, "wordcount": _wordcount, "wordwrap": _wordwrap,
}  # fmt: skip

FILTERS: Final[Mapping[str, Function]] = (
    {name: _bounded(JINJA_FILTERS[name]) for name in _TAKES_DATA}
    | {name: _bounded(own) for name, own in _OWN_FOR_DATA.items()}
    | {name: _on_parts(JINJA_FILTERS[name]) for name in _TAKES_SEQUENCE}
    | {"batch": _on_parts(_batch), "slice": _on_parts(_slice)}
    | {name: _on_text(JINJA_FILTERS[name]) for name in _TAKES_TEXT}
    | {name: _on_text(own) for name, own in _OWN_FOR_TEXT.items()}
    | {"_each": each}
)

_OWN_TESTS: Final[dict[str, Function]] = {
    "startswith": lambda text, start: printable(text).startswith(start),
    "endswith": lambda text, end: printable(text).endswith(end),
}


def _ticking(test: Function) -> Function:
    """Let a test look at the clock: `select` asks it about every item."""

    @wraps(test)
    def ticking(*args: Any) -> Any:
        tick()
        return test(*args)

    return ticking


TESTS: Final[Mapping[str, Function]] = {
    name: _ticking(test)
    for name, test in ({name: cast(Function, JINJA_TESTS[name]) for name in _KEPT_TESTS} | _OWN_TESTS).items()
}
