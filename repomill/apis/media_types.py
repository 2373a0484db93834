"""Media types: which one a body has, and how a value becomes bytes of it."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from repomill.canonical import digest

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MULTIPART_TYPE = "multipart/form-data"


class BodyInvalid(Exception):
    """A value cannot be written as its media type; the text says why."""


def is_json(media_type: str) -> bool:
    """Tell whether content of this type is JSON (RFC 6839 has `+json` for others)."""
    plain = plain_type(media_type)
    return plain.endswith("+json") or plain in {JSON_TYPE, "text/json"}


def plain_type(media_type: str) -> str:
    """Return the type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def preferred(media_types: Iterable[str]) -> str:
    """Return the type to send where a document offers several: JSON, then forms, then the first."""
    known = list(media_types)
    for wanted in (is_json, lambda each: each == FORM_TYPE, lambda each: each == MULTIPART_TYPE):
        for media_type in known:
            if wanted(media_type):
                return media_type
    first = known[0] if known else JSON_TYPE
    return JSON_TYPE if "*" in first else first


def encode(value: Any, media_type: str) -> tuple[bytes, str]:
    """Return the bytes of a body and its whole `Content-Type`.

    Raises:
        BodyInvalid: the value is not one that this type can carry.
    """
    plain = plain_type(media_type)
    if is_json(plain):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(), media_type
    if plain == FORM_TYPE:
        return _form(_object(value, plain)), media_type
    if plain == MULTIPART_TYPE:
        return _multipart(_object(value, plain))
    return _raw(value, plain), media_type


def as_schema_sees(value: Any, media_type: str) -> Any:
    """Return the value as the document's schema describes it: there, a file of a form is a text."""
    if plain_type(media_type) != MULTIPART_TYPE or not isinstance(value, Mapping):
        return value
    return {name: "" if _is_file(part) else part for name, part in value.items()}


def _form(fields: Mapping[str, Any]) -> bytes:
    from urllib.parse import urlencode

    pairs = [(name, _text(item)) for name, value in fields.items() for item in _many(value)]
    return urlencode(pairs).encode()


def _multipart(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """Write a form with files; the boundary follows from the content, so that equal bodies are equal bytes."""
    import httpx

    boundary = digest({"multipart": json.dumps(fields, sort_keys=True)}).removeprefix("sha256:")[:32]
    content_type = f"{MULTIPART_TYPE}; boundary={boundary}"
    parts = [(name, _part(item)) for name, value in fields.items() for item in _many(value)]
    request = httpx.Request("POST", "http://form.invalid", files=parts, headers={"Content-Type": content_type})
    return request.read(), content_type


def _part(value: Any) -> Any:
    if not _is_file(value):
        return (None, _text(value))
    content = _decoded(value["base64"]) if "base64" in value else str(value.get("content", "")).encode()
    return (str(value["filename"]), content, str(value.get("content_type", "application/octet-stream")))


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and "filename" in value


def _raw(value: Any, media_type: str) -> bytes:
    if isinstance(value, Mapping) and value.keys() == {"base64"}:
        return _decoded(value["base64"])
    if isinstance(value, str):
        return value.encode()
    raise BodyInvalid(f"a body of type {media_type} is text, or an object with `base64` alone")


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise BodyInvalid("`base64` is not base64") from error


def _object(value: Any, media_type: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BodyInvalid(f"a body of type {media_type} is an object, its fields by name")
    return value


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
