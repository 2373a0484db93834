"""Makes requests out of operations and arguments; nothing is sent, and no credentials are in them."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from repomill.apis import _styles
from repomill.apis.arguments import GROUPS, Arguments, check_arguments
from repomill.apis.description import ApiDescription, Operation, Parameter, Place
from repomill.apis.media_types import JSON_TYPE, BodyInvalid, as_schema_sees, encode, preferred
from repomill.canonical import Json
from repomill.errors import ApiRequestInvalid

# RFC 9110, section 9.2.2.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

# RFC 9110, sections 15.4.8 and 15.4.9: the same request is to be sent elsewhere, so nothing was done.
SENT_ON = frozenset({307, 308})

KEY_HEADER = "idempotency-key"

OUTGOING = "outgoing"
"""The extension of an httpx request under which its `Outgoing` is."""

# They belong to the connection or to the credentials, which only the block may give.
_FORBIDDEN_HEADERS = frozenset(
    [
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
    ]
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request but for its credentials; `operation` names it for people."""

    operation: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""

    @property
    def is_idempotent(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method in IDEMPOTENT

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows what became of it: it is idempotent, or carries a key."""
        return self.is_idempotent or any(name.lower() == KEY_HEADER for name, _ in self.headers)

    def is_done(self, status: int) -> bool:
        """Tell whether an answer of this status says that the request did what must not be done twice."""
        return not self.is_idempotent and 200 <= status < 400 and status not in SENT_ON

    def with_key(self, key: str) -> "ApiRequest":
        """Return the request with an `Idempotency-Key`, unless it has one or the key is empty."""
        if not key or self.is_repeatable:
            return self
        return replace(self, headers=(*self.headers, ("Idempotency-Key", key)))

    def canonical(self) -> Json:
        """Return what the answer depends on, as the ledger keeps it."""
        body: Json = None
        if self.content:
            try:
                body = {"text": self.content.decode()}
            except UnicodeDecodeError:
                body = {"base64": base64.b64encode(self.content).decode()}
        headers: Json = {name.lower(): value for name, value in sorted(self.headers)}
        return {"method": self.method, "url": self.url, "headers": headers, "body": body}


@dataclass(slots=True)
class Outgoing:
    """A request on its way; as long as it `waits_for_token`, the API has not done it."""

    waits_for_token: bool = False


def make_request(
    operation: Operation,
    description: ApiDescription | None,
    base_url: str,
    arguments: Arguments,
    content_type: str = "",
) -> ApiRequest:
    """Check arguments against an operation's description and write them into a request.

    Without a description everything given is sent as the defaults of OpenAPI have it.

    Raises:
        ApiRequestInvalid: they do not fit; it names all places.
    """
    given = _without_nulls(operation, arguments)
    media_type = content_type or (preferred(operation.body.content) if operation.body else JSON_TYPE)
    if description is not None:
        seen = given | ({"body": as_schema_sees(given["body"], media_type)} if "body" in given else {})
        check_arguments(operation, description.definitions, seen, media_type)
    headers, content = dict(_headers(operation, given)), b""
    if "body" in given:
        try:
            content, headers["Content-Type"] = encode(given["body"], media_type)
        except (BodyInvalid, ValueError) as error:
            raise ApiRequestInvalid(operation.name, (f"body: {error}",)) from error
    url = base_url.rstrip("/") + _path(operation, given.get("path", {})) + _query(operation, given.get("query", {}))
    return ApiRequest(operation.name, operation.method, url, tuple(headers.items()), content)


def undescribed(method: str, path: str, arguments: Arguments) -> Operation:
    """Return an operation that no document describes, with the parameters that are given to it."""
    parameters = tuple(
        _plain_query(name) if place is Place.QUERY else Parameter(name=name, place=place)
        for place, group in GROUPS.items()
        for name in arguments.get(group, {})
    )
    return Operation(name=f"{method} {path}", method=method, path=path, parameters=parameters)


def _without_nulls(operation: Operation, arguments: Arguments) -> dict[str, Any]:
    """Leave out what is null, an optional value that an expression did not have; spell headers as documented."""
    spelled = {each.name.lower(): each.name for each in operation.parameters if each.place is Place.HEADER}
    found: dict[str, Any] = {}
    for group, values in arguments.items():
        if group == "body":
            found[group] = values
        elif kept := {name: value for name, value in values.items() if value is not None}:
            found[group] = kept
    if "headers" in found:
        found["headers"] = {spelled.get(name.lower(), name): value for name, value in found["headers"].items()}
    return found


def _path(operation: Operation, values: Mapping[str, Any]) -> str:
    parameters = {each.name: each for each in operation.parameters if each.place is Place.PATH}

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise ApiRequestInvalid(operation.name, (f"path/{name}: it is required",))
        return _styles.path_text(parameters.get(name) or Parameter(name=name, place=Place.PATH), values[name])

    path = _PLACEHOLDER.sub(filled, operation.path)
    if any(part in {".", ".."} for part in path.split("/")) or (values and "//" in path and "//" not in operation.path):
        raise ApiRequestInvalid(operation.name, ("path: a value is empty or would climb out of its place",))
    return path if path.startswith("/") else f"/{path}"


def _query(operation: Operation, values: Mapping[str, Any]) -> str:
    parameters = {each.name: each for each in operation.parameters if each.place is Place.QUERY}
    pairs = [
        pair
        for name, value in values.items()
        for pair in _styles.query_pairs(parameters.get(name) or _plain_query(name), value)
    ]
    return "?" + "&".join(f"{name}={value}" for name, value in pairs) if pairs else ""


def _plain_query(name: str) -> Parameter:
    return Parameter(name=name, place=Place.QUERY, style="form", explode=True)


def _headers(operation: Operation, given: Arguments) -> Iterator[tuple[str, str]]:
    parameters = {each.name: each for each in operation.parameters if each.place is Place.HEADER}
    for name, value in given.get("headers", {}).items():
        stated = parameters.get(name) or Parameter(name=name, place=Place.HEADER)
        yield name, _checked_header(operation, name, _styles.header_text(stated, value))
    cookies = {each.name: each for each in operation.parameters if each.place is Place.COOKIE}
    pairs = [
        pair
        for name, value in given.get("cookies", {}).items()
        for pair in _styles.cookie_pairs(cookies.get(name) or Parameter(name=name, place=Place.COOKIE), value)
    ]
    if pairs:
        yield "Cookie", "; ".join(f"{name}={value}" for name, value in pairs)


def _checked_header(operation: Operation, name: str, value: str) -> str:
    if name.lower() in _FORBIDDEN_HEADERS:
        raise ApiRequestInvalid(operation.name, (f"headers/{name}: the source's block gives it, not a node",))
    is_printable = all(character == "\t" or (" " <= character != "\x7f") for character in value)
    if not _TOKEN.fullmatch(name) or not is_printable or not value.isascii():
        raise ApiRequestInvalid(operation.name, (f"headers/{name}: a header is one line of ASCII",))
    return value
