"""Reads gathered OpenAPI documents into an `ApiDescription`."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from pydantic import ValidationError

from repomill.apis._schemas import BadReference, Schemas
from repomill.apis.description import ApiDescription, Operation, Parameter, Place, RequestBody, Response
from repomill.apis.gathering import Gathered
from repomill.canonical import as_canonical, digest
from repomill.errors import ApiDocumentInvalid
from repomill.workflow.json_schemas import schema_problems
from repomill.workflow.pointers import child

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
FAULTS_SHOWN = 10

# OpenAPI 3.1, section 4.8.12.2: these are said elsewhere in a document, as parameters they are ignored.
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
_STYLES = {Place.PATH: "simple", Place.QUERY: "form", Place.HEADER: "simple", Place.COOKIE: "form"}

Object = Mapping[str, Any]


def describe(gathered: Gathered) -> ApiDescription:
    """Check a document and return what it describes.

    Raises:
        ApiDocumentInvalid: it is not OpenAPI 3.0 or 3.1, or a reference in it leads nowhere.
    """
    document, location = gathered.document, gathered.root
    _check_version(document, location)
    _check_structure(document, location)
    try:
        return _Reading(gathered).description()
    except (BadReference, ValidationError, AttributeError, TypeError, KeyError) as error:
        # Parts in other documents are not covered by the schema of the format.
        raise ApiDocumentInvalid(location, (" ".join(str(error).split()),)) from error


class _Reading:
    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._document: Object = gathered.document
        self._schemas = Schemas(gathered, is_openapi_30=self._document["openapi"].startswith("3.0"))
        self._notes: list[str] = []

    def description(self) -> ApiDescription:
        info = self._document["info"]
        operations = tuple(self._named_once(self._operations()))
        return ApiDescription(
            openapi=self._document["openapi"],
            title=info["title"],
            version=str(info["version"]),
            description=info.get("description", ""),
            servers=self._servers(self._document),
            security_schemes=self._security_schemes(),
            operations=operations,
            definitions=self._usable(self._schemas.definitions),
            digest=digest(as_canonical(dict(self._gathered.documents))),
            notes=tuple(self._notes),
        )

    def _operations(self) -> Iterator[Operation]:
        for path, stated in (self._document.get("paths") or {}).items():
            if path.startswith("x-"):
                continue
            item, base = self._schemas.resolve(stated, self._gathered.root)
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item, base)

    def _operation(self, path: str, method: str, item: Object, base: str) -> Operation:
        stated = item[method]
        return Operation(
            name=stated.get("operationId") or f"{method.upper()} {path}",
            method=method.upper(),
            path=path,
            summary=stated.get("summary") or item.get("summary", ""),
            description=stated.get("description") or item.get("description", ""),
            tags=tuple(map(str, stated.get("tags", ()))),
            deprecated=stated.get("deprecated", False),
            parameters=self._parameters(item, stated, base),
            body=self._body(stated, base),
            responses={str(status): self._response(each, base) for status, each in _responses(stated)},
            security=tuple(stated.get("security", self._document.get("security", ()))),
            servers=self._servers(stated) or self._servers(item),
        )

    def _parameters(self, item: Object, operation: Object, base: str) -> tuple[Parameter, ...]:
        """Join those of the path with those of the operation, which win."""
        found: dict[tuple[str, str], Parameter] = {}
        for stated in (*item.get("parameters", ()), *operation.get("parameters", ())):
            value, place = self._schemas.resolve(stated, base)
            if value["in"] == "header" and value["name"].lower() in _IGNORED_HEADERS:
                continue
            found[value["in"], value["name"]] = self._parameter(value, place)
        return tuple(found.values())

    def _parameter(self, stated: Object, base: str) -> Parameter:
        place = Place(stated["in"])
        style = stated.get("style", _STYLES[place])
        media_type, media = next(iter((stated.get("content") or {}).items()), ("", stated))
        return Parameter(
            name=stated["name"],
            place=place,
            required=place is Place.PATH or stated.get("required", False),
            description=stated.get("description", ""),
            value_schema=self._schema(media, base),
            style=style,
            explode=stated.get("explode", style == "form"),
            allow_reserved=stated.get("allowReserved", False),
            media_type=media_type,
        )

    def _body(self, operation: Object, base: str) -> RequestBody | None:
        if "requestBody" not in operation:
            return None
        stated, base = self._schemas.resolve(operation["requestBody"], base)
        return RequestBody(
            required=stated.get("required", False),
            description=stated.get("description", ""),
            content=self._content(stated, base),
        )

    def _response(self, stated: Any, base: str) -> Response:
        stated, base = self._schemas.resolve(stated, base)
        return Response(description=stated.get("description", ""), content=self._content(stated, base))

    def _content(self, stated: Object, base: str) -> dict[str, Any]:
        return {name.lower(): self._schema(media, base) for name, media in (stated.get("content") or {}).items()}

    def _schema(self, media: Object, base: str) -> dict[str, Any]:
        return self._schemas.schema(media["schema"], base) if "schema" in media else {}

    def _security_schemes(self) -> dict[str, Any]:
        stated = (self._document.get("components") or {}).get("securitySchemes") or {}
        return {name: dict(self._schemas.resolve(each, self._gathered.root)[0]) for name, each in stated.items()}

    def _servers(self, stated: Object) -> tuple[str, ...]:
        """Return base URLs with their variables filled in; a relative one is relative to the document."""
        return tuple(urljoin(self._gathered.root, _filled(server)) for server in stated.get("servers") or ())

    def _named_once(self, operations: Iterator[Operation]) -> Iterator[Operation]:
        taken: set[str] = set()
        for operation in operations:
            if operation.name in taken:
                self._notes.append(f"operationId {operation.name!r} occurs twice; use {operation.place!r}")
                yield operation.model_copy(update={"name": operation.place})
            else:
                yield operation
            taken.add(operation.name)

    def _usable(self, definitions: Mapping[str, Any]) -> dict[str, Any]:
        """Replace what is no JSON Schema by one that takes anything: real documents have a few of those."""
        found = {}
        for name, schema in sorted(definitions.items()):
            problem = _problem(schema)
            if problem:
                self._notes.append(f"schema {name} is not checked, it is not a JSON Schema: {problem}")
            found[name] = {} if problem else schema
        return found


def _problem(schema: Any) -> str:
    if not isinstance(schema, Mapping):
        return ""
    without_references = {"$defs": {}, **schema}
    for pointer, message in schema_problems(without_references):
        if "leads nowhere" not in message:  # references lead into the definitions around it
            return f"{pointer}: {message}"
    return ""


def _responses(operation: Object) -> list[tuple[Any, Any]]:
    return [(status, each) for status, each in (operation.get("responses") or {}).items() if str(status)[:2] != "x-"]


def _filled(server: Object) -> str:
    url: str = server["url"]
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url


def _check_version(document: Any, location: str) -> None:
    if not isinstance(document, dict):
        raise ApiDocumentInvalid(location, ("it is not an object",))
    stated = document.get("openapi")
    if "swagger" in document:
        raise ApiDocumentInvalid(location, (f"it is Swagger {document['swagger']}; convert it to OpenAPI 3",))
    if not isinstance(stated, str) or not stated.startswith(("3.0.", "3.1.")):
        raise ApiDocumentInvalid(location, (f"`openapi` is {stated!r}, not 3.0 or 3.1",))


def _check_structure(document: Object, location: str) -> None:
    from itertools import islice

    from jsonschema.exceptions import best_match
    from openapi_spec_validator.schemas import openapi_v30_schema_validator, openapi_v31_schema_validator

    is_30 = document["openapi"].startswith("3.0")
    validator: Any = openapi_v30_schema_validator if is_30 else openapi_v31_schema_validator
    try:
        errors = list(islice(validator.iter_errors(document), FAULTS_SHOWN))
    except RecursionError as error:
        raise ApiDocumentInvalid(location, ("it is nested too deep",)) from error
    if errors:
        nearest = [best_match([error]) for error in errors]
        raise ApiDocumentInvalid(location, tuple(f"{_place(each)}: {_short(each.message)}" for each in nearest))


def _place(error: Any) -> str:
    return child("", *error.absolute_path) or "/"


def _short(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:200]} … {message[-90:]}"
