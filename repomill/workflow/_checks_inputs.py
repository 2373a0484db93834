"""Checks of the inputs' JSON Schema and of the defaults in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from repomill.workflow._draft import Draft
from repomill.workflow.faults import Finding
from repomill.workflow.json_schemas import schema_problems, value_errors
from repomill.workflow.pointers import child

_POINTER = "/inputs"


def check_inputs_schema(draft: Draft) -> Iterator[Finding]:
    """Yield faults of `inputs`: no JSON Schema of an object, or a default that its own schema refuses."""
    schema = draft.table("inputs")
    problems = list(schema_problems(schema, _POINTER))
    for place, sentence in problems:
        yield Finding("bad_schema", place, f"not a JSON Schema: {sentence}")
    if not problems and schema.get("type", "object") != "object":
        yield Finding("bad_schema", child(_POINTER, "type"), "inputs are an object", "write 'type: object'")
    if not problems:
        yield from _defaults(schema)


def _defaults(schema: Mapping[str, Any]) -> Iterator[Finding]:
    for name, inner in schema.get("properties", {}).items():
        if isinstance(inner, dict) and "default" in inner:
            yield from _default(schema, child(_POINTER, "properties", name), name, inner["default"])


def _default(schema: Mapping[str, Any], pointer: str, name: str, value: object) -> Iterator[Finding]:
    # Checked as a member of the whole, so that references into `$defs` hold.
    alone = {key: item for key, item in schema.items() if key in {"$defs", "properties"}}
    try:
        errors = value_errors(alone, {name: value})
    except RecursionError:
        yield Finding("bad_schema", pointer, "its references go round in a circle")
        return
    for error in errors:
        place = child(pointer, "default", *list(error.absolute_path)[1:])
        yield Finding("bad_default", place, f"the default does not fit: {error.message}")
