"""The inputs of a run: defaults filled in, checked against the workflow's JSON Schema."""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from jsonschema.exceptions import ValidationError

from repomill.canonical import Json, number_faults
from repomill.errors import InputsInvalid
from repomill.workflow._nearest import did_you_mean
from repomill.workflow.json_schemas import value_errors
from repomill.workflow.pointers import child
from repomill.workflow.spec import WorkflowSpec


def input_schema(spec: WorkflowSpec) -> dict[str, Any]:
    """Return the JSON Schema of a run's inputs as every door checks them.

    Inputs are an object, and one the schema does not list is refused, unless it says `additionalProperties` itself:
    a mistyped name would otherwise be taken for a default.
    """
    schema = {"type": "object", "properties": {}, **deepcopy(dict(spec.inputs))}
    open_ended = {
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
    }
    return schema if open_ended & schema.keys() else schema | {"additionalProperties": False}


def check_inputs(spec: WorkflowSpec, given: Mapping[str, Json]) -> dict[str, Json]:
    """Return the inputs with the schema's defaults in place of what was not given.

    Raises:
        InputsInvalid: all that does not fit, each with its JSON pointer.
    """
    schema = input_schema(spec)
    inputs = _with_defaults(schema, deepcopy(dict(given)))
    problems = _problems(schema, inputs) or [f"{at}: {why}; give it as text" for at, why in number_faults(inputs)]
    if problems:
        raise InputsInvalid(spec.name, tuple(problems))
    return inputs


def parse_input_options(spec: WorkflowSpec, options: Iterable[str]) -> dict[str, Json]:
    """Read `name=value` options; the schema says whether a value is text, a number, a boolean or JSON.

    Raises:
        InputsInvalid: an option without `=`, or a value that is not what its schema asks for.
    """
    properties = input_schema(spec)["properties"]
    inputs: dict[str, Json] = {}
    problems: list[str] = []
    for option in options:
        name, equals, text = option.partition("=")
        if not equals:
            problems.append(f"{option!r} is not name=value")
            continue
        try:
            inputs[name] = _parsed(text, properties.get(name, {}))
        except ValueError as error:
            problems.append(f"/{name}: {error}")
    if problems:
        raise InputsInvalid(spec.name, tuple(problems))
    return inputs


def _problems(schema: Mapping[str, Any], inputs: Mapping[str, Json]) -> list[str]:
    try:
        return [sentence for error in value_errors(schema, inputs) for sentence in _sentences(error)]
    except RecursionError:
        return ["the schema's references go round in a circle"]


def _with_defaults(schema: Mapping[str, Any], value: dict[str, Json]) -> dict[str, Json]:
    for name, inner in schema.get("properties", {}).items():
        if not isinstance(inner, Mapping):
            continue
        if name not in value and "default" in inner:
            value[name] = deepcopy(inner["default"])
        member = value.get(name)
        if isinstance(member, dict):
            value[name] = _with_defaults(inner, member)
    return value


def _sentences(error: ValidationError) -> list[str]:
    place = child("", *error.absolute_path) or "/"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        return [_unknown(name, known, place) for name in error.instance if name not in known]
    return [f"{place}: {error.message}"]


def _unknown(name: str, known: Mapping[str, Any], place: str) -> str:
    hint = did_you_mean(name, known)
    return f"{place}: there is no input {name!r}" + (f"; {hint}" if hint else "")


def _parsed(text: str, schema: object) -> Json:
    """Take text for text where the schema allows it, for JSON otherwise."""
    kinds = _types(schema)
    if not kinds or "string" in kinds:
        return text
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except ValueError:
        raise ValueError(f"{text!r} is not {' or '.join(kinds)}") from None
    return value


def _types(schema: object) -> list[str]:
    stated = schema.get("type", []) if isinstance(schema, Mapping) else []
    return [stated] if isinstance(stated, str) else list(stated)


def _refuse(name: str) -> Json:
    raise ValueError(name)
