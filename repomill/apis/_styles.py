"""How a parameter's value is written into a request (OpenAPI 3.1, section 4.8.12.6)."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from repomill.apis.description import Parameter, Place

# RFC 3986: what may stand in a query or path besides letters, digits and `-._~`.
_RESERVED = ":/?#[]@!$&'()*+,;="

Pair = tuple[str, str]
Escape = Callable[[str], str]


def path_text(parameter: Parameter, value: Any) -> str:
    """Return what stands in the path in place of `{name}`; no slash of a value gets through."""
    escape = _escaped
    if parameter.media_type:
        return escape(json.dumps(value))
    name, items, members = parameter.name, _items(value), _members(value)
    if parameter.style == "label":
        joiner = "." if parameter.explode else ","
        return "." + _simple(items, members, escape, joiner, explode=parameter.explode)
    if parameter.style == "matrix":
        return _matrix(name, items, members, value, explode=parameter.explode)
    return _simple(items, members, escape, ",", explode=parameter.explode)


def query_pairs(parameter: Parameter, value: Any) -> list[Pair]:
    """Return the name and value pairs of a query, escaped."""
    escape = _keeping_reserved if parameter.allow_reserved else _escaped
    name = _escaped(parameter.name)
    if parameter.media_type:
        return [(name, escape(json.dumps(value)))]
    items, members = _items(value), _members(value)
    if members is not None:
        return _object_pairs(parameter, name, members, escape)
    if parameter.explode or parameter.style == "deepObject":
        return [(name, escape(_text(item))) for item in items]
    joiner = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(parameter.style, ",")
    return [(name, joiner.join(escape(_text(item)) for item in items))]


def header_text(parameter: Parameter, value: Any) -> str:
    """Return a header's value, not escaped."""
    if parameter.media_type:
        return json.dumps(value)
    return _simple(_items(value), _members(value), str, ",", explode=parameter.explode)


def cookie_pairs(parameter: Parameter, value: Any) -> list[Pair]:
    """Return the name and value pairs of the `Cookie` header."""
    return query_pairs(parameter.model_copy(update={"place": Place.QUERY, "allow_reserved": False}), value)


def _simple(items: list[Any], members: Mapping[str, Any] | None, escape: Escape, joiner: str, *, explode: bool) -> str:
    if members is not None:
        between = "=" if explode else ","
        return joiner.join(f"{escape(key)}{between}{escape(_text(item))}" for key, item in members.items())
    return joiner.join(escape(_text(item)) for item in items)


def _matrix(name: str, items: list[Any], members: Mapping[str, Any] | None, value: Any, *, explode: bool) -> str:
    if explode and members is not None:
        return "".join(f";{_escaped(key)}={_escaped(_text(item))}" for key, item in members.items())
    if explode and isinstance(value, list):
        return "".join(f";{name}={_escaped(_text(item))}" for item in items)
    return f";{name}={_simple(items, members, _escaped, ',', explode=False)}"


def _object_pairs(parameter: Parameter, name: str, members: Mapping[str, Any], escape: Escape) -> list[Pair]:
    if parameter.style == "deepObject":
        return [(f"{name}%5B{_escaped(key)}%5D", escape(_text(item))) for key, item in members.items()]
    if parameter.explode:
        return [(_escaped(key), escape(_text(item))) for key, item in members.items()]
    return [(name, ",".join(f"{_escaped(key)},{escape(_text(item))}" for key, item in members.items()))]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _members(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _text(value: Any) -> str:
    """Write a value as JSON does, a string as it is; null is nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


def _keeping_reserved(text: str) -> str:
    return quote(text, safe=_RESERVED + "-._~")
