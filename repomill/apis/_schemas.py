"""Turns the schemas of documents into JSON Schema 2020-12 that stands for itself.

Nothing is written out in place of a reference: each place that is referred to becomes one shared definition, however
often and from wherever, so that schemas which hold themselves, or ten that each name the next ten times, stay small.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urljoin

from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from repomill.apis.description import Schema
from repomill.apis.gathering import Gathered

MOST_HOPS = 20
"""References that lead to references; more is a circle."""

_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA = frozenset({"example", "examples", "default", "enum", "const", "required"})
_LEFT_OUT = frozenset({"xml", "externalDocs", "discriminator", "$schema", "$id", "$anchor", "$dynamicAnchor"})


class BadReference(Exception):
    """A `$ref` leads nowhere, or in a circle; the text says which."""


class Schemas:
    """The schemas of one API; `definitions` fills as they are asked for."""

    def __init__(self, gathered: Gathered, *, is_openapi_30: bool) -> None:
        resources = [(uri, DRAFT202012.create_resource(content)) for uri, content in gathered.documents.items()]
        self._resolver = Registry[Any]().with_resources(resources).resolver()
        self._convert: Callable[[Schema], Schema] = _from_openapi_30 if is_openapi_30 else _from_openapi_31
        self._ignores_siblings = is_openapi_30
        self._names: dict[str, str] = {}
        self._waiting: deque[tuple[str, str]] = deque()
        self.definitions: dict[str, Any] = {}

    def resolve(self, value: Any, base: str) -> tuple[Any, str]:
        """Follow `$ref`s of an object that is no schema; returns what they lead to, and the URI it stands in."""
        for _ in range(MOST_HOPS):
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return value, base
            target = urljoin(base, value["$ref"])
            value, base = self._look_up(target), target.partition("#")[0]
        raise BadReference(f"the reference {value['$ref']!r} leads in a circle")

    def schema(self, value: Any, base: str) -> Schema:
        """Return a schema whose references lead into `definitions`."""
        found = self._rewritten(value, base)
        while self._waiting:
            uri, name = self._waiting.popleft()
            self.definitions[name] = self._rewritten(self._look_up(uri), uri.partition("#")[0])
        return found if isinstance(found, dict) else ({} if found else {"not": {}})

    def _look_up(self, uri: str) -> Any:
        try:
            return self._resolver.lookup(uri).contents
        except Unresolvable as error:
            raise BadReference(f"the reference {uri!r} leads nowhere") from error

    def _rewritten(self, value: Any, base: str) -> Any:
        if not isinstance(value, dict):
            return value if isinstance(value, bool) else {}
        if isinstance(value.get("$ref"), str):
            reference = {"$ref": f"#/$defs/{self._name(urljoin(base, value['$ref']))}"}
            if self._ignores_siblings:
                return reference
            return self._members({key: item for key, item in value.items() if key != "$ref"}, base) | reference
        return self._members(value, base)

    def _members(self, value: Schema, base: str) -> Schema:
        kept = {
            key: self._member(key, item, base)
            for key, item in value.items()
            if key not in _LEFT_OUT and not key.startswith("x-")
        }
        return self._convert(kept)

    def _member(self, key: str, item: Any, base: str) -> Any:
        if key in _DATA:
            return item
        if key in _NAMES and isinstance(item, dict):
            return {name: self._rewritten(inner, base) for name, inner in item.items()}
        if isinstance(item, dict):
            return self._rewritten(item, base)
        if isinstance(item, list):
            return [self._rewritten(inner, base) if isinstance(inner, dict) else inner for inner in item]
        return item

    def _name(self, uri: str) -> str:
        """Return the name of the definition for what a URI leads to; it is read later."""
        if uri not in self._names:
            plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", unquote(re.split("[/#]", uri)[-1])).strip("_") or "schema"
            taken, name, number = set(self._names.values()), plain, 1
            while name in taken:
                number += 1
                name = f"{plain}_{number}"
            self._names[uri] = name
            self._waiting.append((uri, name))
        return self._names[uri]


def _from_openapi_31(schema: Schema) -> Schema:
    if "example" in schema:
        schema.setdefault("examples", [schema.pop("example")])
    return schema


def _from_openapi_30(schema: Schema) -> Schema:
    """Say in 2020-12 what OpenAPI 3.0 says in words of its own (OpenAPI 3.1, appendix on migration)."""
    schema = _from_openapi_31(schema)
    if schema.pop("nullable", False) is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool):
            excludes = schema.pop(exclusive)
            if excludes and bound in schema:
                schema[exclusive] = schema.pop(bound)
    return schema
