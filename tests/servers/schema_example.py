"""Makes a small value that fits a JSON Schema, the same one for the same seed."""

from dataclasses import dataclass
from typing import Any

NAMED_STRINGS = {
    "path": "generated/file_{seed}_{place}.txt",
    "content": "Generated content {seed}.\n",
    "name": "name_{seed}_{place}",
}


def example_of(schema: dict[str, Any], seed: str) -> Any:
    return _Maker(schema, seed).make(schema, "0", "")


@dataclass(frozen=True)
class _Maker:
    root: dict[str, Any]
    seed: str

    def make(self, schema: dict[str, Any], place: str, name: str) -> Any:
        schema = _resolved(schema, self.root)
        for fixed in ("const", "default"):
            if fixed in schema:
                return schema[fixed]
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object" if "properties" in schema else "string")
        return self._of_kind(kind if isinstance(kind, str) else kind[0], schema, place, name)

    def _of_kind(self, kind: str, schema: dict[str, Any], place: str, name: str) -> Any:
        match kind:
            case "object":
                return self._object(schema, place)
            case "array":
                count = max(1, schema.get("minItems", 1))
                return [self.make(schema.get("items", {}), f"{place}_{index}", name) for index in range(count)]
            case "string":
                return _string(schema, self.seed, place, name)
            case "integer" | "number":
                return _number(schema)
        return False if kind == "boolean" else None

    def _object(self, schema: dict[str, Any], place: str) -> dict[str, Any]:
        properties = schema.get("properties", {})
        # Only what is required, or all when nothing is: optional parts of a recursive schema would never end.
        names = schema.get("required") or list(properties)
        return {name: self.make(properties.get(name, {}), place, name) for name in names}


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = _at(root, schema["$ref"])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _resolved(schema[choice][0], root)
    return schema


def _at(root: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def _string(schema: dict[str, Any], seed: str, place: str, name: str) -> str:
    text = NAMED_STRINGS.get(name, "{name} {seed}").format(name=name or "text", seed=seed, place=place)
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _number(schema: dict[str, Any]) -> int | float:
    if "exclusiveMinimum" in schema:
        return int(schema["exclusiveMinimum"]) + 1
    least: int | float = schema.get("minimum", 1)
    most: int | float = schema.get("maximum", least)
    return min(least, most)
