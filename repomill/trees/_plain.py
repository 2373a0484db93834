"""What leaves an expression is JSON."""

from collections.abc import Iterator
from math import isfinite

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from repomill.canonical import Json


def as_json(value: object) -> Json:
    """Return plain data as JSON has it: tuples, ranges and what `map` and `select` give become lists."""
    if isinstance(value, Undefined):
        str(value)  # raises, and names what is undefined
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("the result is not a finite number")
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {_key(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range | Iterator):
        return [as_json(item) for item in value]
    raise SecurityError(f"a {type(value).__name__} is no plain data")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise SecurityError(f"the key {key!r} of an object is not text")
