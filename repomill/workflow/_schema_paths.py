"""Follows a path through a JSON Schema, to find the first part that no value of the schema can have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_COMBINING = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties")


@dataclass(frozen=True, slots=True)
class MissingPart:
    """The part of a path that does not exist, how deep it stands, and the parts that do."""

    part: str
    depth: int
    known: tuple[str, ...]


def missing_part(schema: Schema, path: Sequence[str | int]) -> MissingPart | None:
    """Return the first part of the path that cannot exist; None when all can, or the schema does not tell.

    An object that lists its properties is taken at its word, unless it says `additionalProperties` itself.
    """
    here: Any = schema
    for depth, part in enumerate(path):
        here = _resolved(here, schema)
        if not isinstance(here, Mapping) or any(word in here for word in _COMBINING):
            return None
        if isinstance(part, int):
            here = here.get("items")
            continue
        known = here.get("properties")
        if not isinstance(known, Mapping):
            return MissingPart(part, depth, ()) if _has_no_members(here) else None
        if part not in known:
            return None if here.get("additionalProperties") else MissingPart(part, depth, tuple(map(str, known)))
        here = known[part]
    return None


def part_at(schema: Schema, path: Sequence[str | int]) -> Schema:
    """Return the schema of a part, with the definitions it may refer to; `{}` when it cannot be told."""
    here: Any = schema
    for part in path:
        here = _resolved(here, schema)
        if not isinstance(here, Mapping) or any(word in here for word in _COMBINING):
            return {}
        here = here.get("items") if isinstance(part, int) else (here.get("properties") or {}).get(part)
    here = _resolved(here, schema)
    definitions = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {**here, **definitions} if isinstance(here, Mapping) else {}


def _has_no_members(schema: Schema) -> bool:
    return schema.get("type") in {"string", "number", "integer", "boolean", "null", "array"}


def _resolved(schema: Any, root: Schema) -> Any:
    """Follow one reference into the schema's own `$defs`; others are not followed."""
    if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        head, _, name = schema["$ref"].rpartition("/")
        definitions = root.get("$defs")
        if head == "#/$defs" and isinstance(definitions, Mapping):
            return definitions.get(name)
    return schema
