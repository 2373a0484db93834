"""References of a JSON Schema that becomes a part of a larger one: a deployment's form.

A form is the schema of all parameters and the inputs are one of them, so `#` means something else there. Prefect's UI
looks definitions up in the form's own `definitions` only.
"""

from collections.abc import Callable
from typing import Any

INPUTS = "#/properties/inputs"
DEFINITIONS = ("$defs", "definitions")
_NAMED_SCHEMAS = {"properties", "patternProperties", "dependentSchemas", *DEFINITIONS}
_DATA = {"const", "default", "enum", "examples"}


def lift_definitions(inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs without their definitions, and these by name; all references fit a form that holds both."""
    moved = _map_references(inputs, _moved)
    definitions: dict[str, Any] = {}
    for keyword in DEFINITIONS:
        definitions |= moved.pop(keyword, {})
    return moved, definitions


def _moved(reference: str) -> str:
    for keyword in DEFINITIONS:
        if reference.startswith(f"#/{keyword}/"):
            return reference.replace(keyword, "definitions", 1)
    return INPUTS + reference[1:] if reference == "#" or reference.startswith("#/") else reference


def _map_references(schema: Any, change: Callable[[str], str]) -> Any:
    """Rewrite every `$ref` of a schema; a property may be called so, and data may hold anything."""
    if isinstance(schema, list):
        return [_map_references(item, change) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _mapped(key, value, change) for key, value in schema.items()}


def _mapped(key: str, value: Any, change: Callable[[str], str]) -> Any:
    if key == "$ref" and isinstance(value, str):
        return change(value)
    if key in _DATA:
        return value
    if key in _NAMED_SCHEMAS and isinstance(value, dict):
        return {name: _map_references(inner, change) for name, inner in value.items()}
    return _map_references(value, change)
