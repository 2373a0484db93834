"""What leaves an expression is JSON."""

from collections.abc import Iterator
from math import isfinite

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from repomill.canonical import Json
from repomill.trees._budget import kept


def as_json(value: object) -> Json:
    """Return plain data as JSON has it: tuples, ranges and what `map` and `select` give become lists."""
    if isinstance(value, Undefined):
        str(value)  # raises, and names what is undefined
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("the result is not a finite number")
    if isinstance(value, str):
        return whole(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return {_key(key): as_json(item) for key, item in value.items()}
    if isinstance(value, Iterator):
        value = kept(list(value))
    if isinstance(value, list | tuple | range):
        return [as_json(item) for item in value]
    raise SecurityError(f"a {type(value).__name__} is no plain data")


def whole(text: str) -> str:
    """Return text that UTF-8 can hold; half a surrogate pair, which JSON can name, is refused with `ValueError`."""
    if not text.isascii():
        text.encode()
    return text


def _key(key: object) -> str:
    if isinstance(key, str):
        return whole(key)
    raise SecurityError(f"the key {key!r} of an object is not text")
