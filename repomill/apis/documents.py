"""Reads the text of a document, JSON or YAML, into plain data within bounds; the parsers are those of libraries."""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from repomill.errors import ApiDocumentInvalid, ApiDocumentTooLarge

# As JSON writes it, not after a backslash of its own.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large documents may be; `size` is in bytes of one document, `documents` counts those it refers to.

    GitHub's, one of the largest that are public, has 12 MB as JSON and a depth of 40.
    """

    size: int = 32 * 1024 * 1024
    depth: int = 100
    values: int = 3_000_000
    documents: int = 3_000
    total_size: int = 64 * 1024 * 1024


BOUNDS = Bounds()


def read_document(content: bytes, location: str, bounds: Bounds = BOUNDS) -> Any:
    """Return the plain data of a document.

    Raises:
        ApiDocumentInvalid: it is neither JSON nor YAML.
        ApiDocumentTooLarge: it is over a bound; aliases count as often as they are used.
    """
    if len(content) > bounds.size:
        raise ApiDocumentTooLarge(location, f"more than {bounds.size} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ApiDocumentInvalid(location, (f"it is not UTF-8 text (byte {error.start})",)) from error
    data = _parsed(text, location, bounds)
    _check_size(data, location, bounds)
    # The detour gives every key and value a type of JSON: YAML has numbers as keys, as in `200:`.
    return _plain(data, location)


def _parsed(text: str, location: str, bounds: Bounds) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ApiDocumentTooLarge(location, f"nested deeper than {bounds.depth}") from error
        except ValueError as error:
            if location.endswith(".json"):
                raise ApiDocumentInvalid(location, (f"it is not JSON: {error}",)) from error
    return _yaml(text, location, bounds)


def _yaml(text: str, location: str, bounds: Bounds) -> Any:
    import yaml  # type: ignore[import-untyped]  # the package has no types of its own
    from jsonschema_path.loaders import JsonschemaSafeLoader

    try:
        _check_depth(yaml.parse(text, Loader=JsonschemaSafeLoader), location, bounds)
        return yaml.load(text, Loader=JsonschemaSafeLoader)  # noqa: S506  # it is a safe loader
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # Its words may quote the text, and the text may be something else, that is nobody's business.
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ApiDocumentInvalid(location, (f"it is neither JSON nor YAML{place}",)) from None
    except RecursionError as error:
        raise ApiDocumentTooLarge(location, f"nested deeper than {bounds.depth}") from error


def _check_depth(events: Any, location: str, bounds: Bounds) -> None:
    """Count before anything is built: the library's builder calls itself and would end the process."""
    depth = 0
    for number, event in enumerate(events):
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > bounds.depth:
            raise ApiDocumentTooLarge(location, f"nested deeper than {bounds.depth}")
        if number > 2 * bounds.values:
            raise ApiDocumentTooLarge(location, f"more than {bounds.values} values")


def _check_size(data: Any, location: str, bounds: Bounds) -> None:
    """Walk without recursion: an alias that holds itself is endless, ten levels of ten aliases are ten milliards."""
    seen, waiting = 0, [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > bounds.depth:
            raise ApiDocumentTooLarge(location, f"nested deeper than {bounds.depth}")
        if seen > bounds.values:
            raise ApiDocumentTooLarge(location, f"more than {bounds.values} values")
        if isinstance(value, dict):
            waiting.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            waiting.extend((item, depth + 1) for item in value)


def _plain(data: Any, location: str) -> Any:
    try:
        text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError) as error:
        raise ApiDocumentInvalid(location, (f"it holds what JSON cannot: {_one_line(error)}",)) from error
    if _NUL.search(text):
        raise ApiDocumentInvalid(location, ("it holds a NUL character",))
    return json.loads(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
