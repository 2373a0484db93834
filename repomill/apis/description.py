"""What is known of an API: its operations, and the schemas they share. Plain data, made from an OpenAPI document.

Schemas are JSON Schema 2020-12 whatever the document's version; a `$ref` in them is `#/$defs/NAME` of `definitions`.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from repomill.canonical import as_canonical, digest
from repomill.errors import OperationNotFound

Schema = dict[str, Any]


class Place(StrEnum):
    """Where a parameter stands."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameter(_Plain):
    """One parameter; `media_type` is set where the value is a document (`content`) instead of styled text."""

    name: str
    place: Place
    required: bool = False
    description: str = ""
    value_schema: Schema = Field(default_factory=dict)
    style: str = "simple"
    explode: bool = False
    allow_reserved: bool = False
    media_type: str = ""


class RequestBody(_Plain):
    """A body: its schema by media type."""

    required: bool = False
    description: str = ""
    content: dict[str, Schema] = Field(default_factory=dict)


class Response(_Plain):
    """An answer: its schema by media type."""

    description: str = ""
    content: dict[str, Schema] = Field(default_factory=dict)


class Operation(_Plain):
    """One operation; `name` is the document's `operationId`, or method and path where it gives none."""

    name: str
    method: str
    path: str
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    body: RequestBody | None = None
    responses: dict[str, Response] = Field(default_factory=dict)
    """By status: `200`, `4XX`, `default`."""
    security: tuple[dict[str, list[str]], ...] = ()
    servers: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Method and path, which every operation has."""
        return f"{self.method} {self.path}"

    def response(self, status: int) -> Response | None:
        """Return what the document says of an answer with this status."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                return self.responses[key]
        return None


class ApiDescription(_Plain):
    """A whole API; `digest` is that of the document and all it refers to, `notes` what is odd in it."""

    openapi: str
    title: str
    version: str
    description: str = ""
    servers: tuple[str, ...] = ()
    security_schemes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    definitions: dict[str, Any] = Field(default_factory=dict)
    digest: str
    notes: tuple[str, ...] = ()

    def operation(self, reference: str, api: str = "") -> Operation:
        """Return the operation of an `operationId`, or of a method and a path (`GET /pets/{id}`).

        Raises:
            OperationNotFound: there is none; the hint names the nearest.
        """
        wanted = _normalised(reference)
        for operation in self.operations:
            if reference == operation.name or wanted == operation.place:
                return operation
        names = {name for operation in self.operations for name in (operation.name, operation.place)}
        near = get_close_matches(reference, sorted(names), n=1)
        told = f"Did you mean {near[0]!r}?" if near else f"It has {len(self.operations)}"
        raise OperationNotFound(reference, api or self.title, told)


def operation_digest(operation: Operation, definitions: Mapping[str, Any]) -> str:
    """Name what an operation says, the shared schemas it reaches included."""
    stated = operation.model_dump(mode="json")
    return digest({"operation": as_canonical(stated), "definitions": as_canonical(reached(stated, definitions))})


def reached(value: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definitions that a value refers to, directly or through others."""
    found: dict[str, Any] = {}
    waiting = [value]
    while waiting:
        for name in _references(waiting.pop()):
            if name in definitions and name not in found:
                found[name] = definitions[name]
                waiting.append(definitions[name])
    return dict(sorted(found.items()))


def _references(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            reference = item.get("$ref")
            if isinstance(reference, str):
                found.append(reference.removeprefix("#/$defs/"))
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
    return found


def _normalised(reference: str) -> str:
    method, _, path = reference.strip().partition(" ")
    return f"{method.upper()} {path.strip()}"
