"""Pydantic's errors as findings: our codes, JSON pointers into the document, and the nearest known key."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from repomill.workflow._nearest import did_you_mean
from repomill.workflow.faults import Finding
from repomill.workflow.pointers import child

_PATTERN = "string_pattern_mismatch"


def model_findings(
    model: type[BaseModel], errors: Iterable[ErrorDetails], value: object, pointer: str
) -> Iterator[Finding]:
    """Yield what a model's errors say about a value that stands at the pointer."""
    for error in errors:
        if _is_miscounted(error):
            continue
        place, at_key = _located(error, value, pointer)
        if error["type"] == "extra_forbidden":
            yield _unknown_key(model, error, place)
        elif error["type"] == "missing":
            yield Finding("missing_key", place, f"the key {error['loc'][-1]!r} is missing")
        else:
            yield Finding(_code(error["type"]), place, _sentence(error), _literal_hint(error), at_key)


def _is_miscounted(error: ErrorDetails) -> bool:
    """Pydantic counts the items that are right: of a list with only faulty ones it also says that it is empty."""
    shortest = error.get("ctx", {}).get("min_length", 0) if error["type"] == "too_short" else 0
    return isinstance(error["input"], list) and 0 < shortest <= len(error["input"])


def _located(error: ErrorDetails, value: Any, pointer: str) -> tuple[str, bool]:
    """Follow the location through the value: parts that name union members or keys are not in the document."""
    last = error["loc"][-1] if error["loc"] else ""
    for part in error["loc"]:
        if _has(value, part):
            value, pointer = value[part], child(pointer, part)
    if error["type"] == "missing":
        return child(pointer, last), False
    return pointer, last == "[key]"


def _has(value: object, part: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def _unknown_key(model: type[BaseModel], error: ErrorDetails, place: str) -> Finding:
    key = str(error["loc"][-1])
    hint = did_you_mean(key, _keys_at(model, error["loc"][:-1]))
    return Finding("unknown_key", place, f"unknown key {key!r}", hint, at_key=True)


def _code(error_type: str) -> str:
    if error_type == _PATTERN:
        return "bad_name"
    return "wrong_type" if error_type.endswith(("_type", "_parsing")) else "bad_value"


def _sentence(error: ErrorDetails) -> str:
    text = error["msg"].removeprefix("Value error, ").partition(" or instance of")[0]
    if not text[:2].isupper():  # an acronym stays
        text = text[:1].lower() + text[1:]
    return text.replace("dictionary", "object").replace("tuple", "list")


def _literal_hint(error: ErrorDetails) -> str:
    found = error["input"]
    if isinstance(found, str) and "{{" in found and error["type"] != _PATTERN:
        return "this field takes a literal, not an expression"
    return ""


def _keys_at(model: type[BaseModel], location: Iterable[int | str]) -> set[str]:
    """Return the keys a model knows at a location, from its JSON Schema; parts it does not know are passed over."""
    root = _schema(model)
    here = _alternatives(root, root)
    for part in location:
        deeper = [inner for schema in here for inner in _step(schema, part)]
        here = [inner for schema in deeper for inner in _alternatives(schema, root)] or here
    return {key for schema in here for key in schema.get("properties", {})}


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema()


def _step(schema: Mapping[str, Any], part: int | str) -> list[Mapping[str, Any]]:
    if isinstance(part, int):
        inner = [schema.get("items")]
    elif part in schema.get("properties", {}):
        inner = [schema["properties"][part]]
    else:
        inner = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
    return [found for found in inner if isinstance(found, Mapping)]


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in schema:
        return _alternatives(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    branches = schema.get("anyOf") or schema.get("oneOf")
    return [inner for branch in branches for inner in _alternatives(branch, root)] if branches else [schema]
