"""What an operation takes, as one JSON Schema, and whether some arguments fit it.

Arguments are one object: `path`, `query`, `headers` and `cookies` hold parameters by name, `body` is the body. The same
schema checks a node's request before it is sent, and describes the operation to a model that may call it.
"""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from jsonschema.exceptions import ValidationError
from referencing.exceptions import Unresolvable

from repomill.apis.description import Operation, Parameter, Place, Schema, reached
from repomill.apis.media_types import preferred
from repomill.canonical import exact_integer
from repomill.errors import ApiRequestInvalid
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.json_schemas import value_errors

GROUPS = {Place.PATH: "path", Place.QUERY: "query", Place.HEADER: "headers", Place.COOKIE: "cookies"}
"""The arguments that hold the parameters of each place."""

Arguments = Mapping[str, Any]


def arguments_schema(operation: Operation, definitions: Mapping[str, Any], content_type: str = "") -> Schema:
    """Return the JSON Schema of an operation's arguments; it stands for itself, with the definitions it needs."""
    properties = {group: _group(operation, place) for place, group in GROUPS.items()}
    found = {name: schema for name, schema in properties.items() if schema["properties"]}
    required = [name for name, schema in found.items() if schema.get("required")]
    if operation.body is not None:
        media_type = content_type or preferred(operation.body.content)
        body = operation.body.content.get(media_type, {})
        found["body"] = body | ({"description": operation.body.description} if operation.body.description else {})
        required += ["body"] if operation.body.required else []
    schema: Schema = {"type": "object", "properties": found, "required": required, "additionalProperties": False}
    used = reached(schema, definitions)
    return schema | ({"$defs": used} if used else {})


def check_arguments(
    operation: Operation, definitions: Mapping[str, Any], arguments: Arguments, content_type: str = ""
) -> None:
    """Find every place where arguments depart from what the operation takes.

    Headers that the document does not know may be sent all the same: HTTP has many that no document lists. The text of
    an integer beyond those of JSON may stand where a parameter is an integer: in a URL and a header it is the same.

    Raises:
        ApiRequestInvalid: there is such a place; nothing was sent.
    """
    schema = arguments_schema(operation, definitions, content_type)
    given = {group: {} for group in schema["properties"] if group != "body"} | dict(arguments)
    if "headers" in given:
        known = schema["properties"].get("headers", {"properties": {}})["properties"]
        given["headers"] = {name: value for name, value in given["headers"].items() if name in known}
        given = given if known else _without(given, "headers")
    try:
        errors = _errors(operation, schema, given)
    except (RecursionError, re.error, Unresolvable):
        return  # a schema that cannot be used: the server will say what it thinks
    faults = [fault for error in errors for fault in _faults(error)]
    if faults:
        raise ApiRequestInvalid(operation.name, tuple(dict.fromkeys(faults)))


def _errors(operation: Operation, schema: Schema, given: Arguments) -> list[ValidationError]:
    errors = value_errors(schema, given)
    written = {(GROUPS[each.place], each.name) for each in operation.parameters if not each.media_type}
    places = {place for error in errors for place in _integer_places(error) if place[:2] in written}
    return value_errors(schema, _with_integers(given, places)) if places else errors


def _integer_places(error: ValidationError) -> Iterator[tuple[str | int, ...]]:
    """Yield where an integer is asked for, if only as one of several choices, and its text is given."""
    if error.validator == "type" and exact_integer(error.instance) is not None:
        types: Any = error.validator_value
        if {"integer", "number"} & set([types] if isinstance(types, str) else types):
            yield tuple(error.absolute_path)
    for inner in error.context or ():
        yield from _integer_places(inner)


def _with_integers(value: Any, places: Set[tuple[str | int, ...]], here: tuple[str | int, ...] = ()) -> Any:
    if here in places:
        return exact_integer(value)
    if isinstance(value, Mapping):
        return {name: _with_integers(item, places, (*here, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item, places, (*here, at)) for at, item in enumerate(value)]
    return value


def _without(arguments: dict[str, Any], group: str) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != group}


def _group(operation: Operation, place: Place) -> Schema:
    parameters = [each for each in operation.parameters if each.place is place]
    schema: Schema = {
        "type": "object",
        "properties": {each.name: _described(each) for each in parameters},
        "additionalProperties": False,
    }
    required = [each.name for each in parameters if each.required]
    return schema | ({"required": required} if required else {})


def _described(parameter: Parameter) -> Schema:
    if parameter.description and "description" not in parameter.value_schema:
        return parameter.value_schema | {"description": parameter.description}
    return parameter.value_schema


def _faults(error: ValidationError) -> Iterator[str]:
    place = "/".join(str(part) for part in error.absolute_path)
    match error.validator:
        case "additionalProperties" if isinstance(error.instance, Mapping):
            yield from _unknown(error, place)
        case "required":
            yield from _missing(error, place)
        case _:
            yield f"{place}: {_short(error.message)}"


def _unknown(error: ValidationError, place: str) -> Iterator[str]:
    known = _properties(error)
    instance: Any = error.instance
    unknown = [name for name in instance if name not in known]
    if not unknown:  # a schema for the others, which one of them departs from
        yield f"{place}: {_short(error.message)}"
    for name in unknown:
        if not place and name in GROUPS.values():
            yield from (f"{name}: there is no parameter {each!r}" for each in instance[name])
            continue
        near = did_you_mean(name, known)
        what = "parameter" if place in GROUPS.values() else "name"
        yield f"{place or 'arguments'}: there is no {what} {name!r}" + (f", {near}" if near else "")


def _missing(error: ValidationError, place: str) -> Iterator[str]:
    properties, instance = _properties(error), error.instance
    names: Any = error.validator_value
    for name in names:
        stated = properties.get(name)
        is_read_only = isinstance(stated, Mapping) and stated.get("readOnly") is True  # for answers only
        if isinstance(instance, Mapping) and name not in instance and not is_read_only:
            yield f"{place}/{name}: it is required".lstrip("/")


def _properties(error: ValidationError) -> Mapping[str, Any]:
    schema: Any = error.schema
    properties: Mapping[str, Any] = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return properties


def _short(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:200]} … {message[-90:]}"
