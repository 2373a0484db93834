"""Contents of files as plain JSON: text, JSON, YAML, CSV."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import date
from io import StringIO
from typing import Any, Final, Literal

from repomill.canonical import Json
from repomill.errors import InputFileUnreadable
from repomill.input_files.port import FoundFile

Format = Literal["text", "json", "yaml", "csv"]


def parsed(node: str, file: FoundFile, form: Format) -> Json:
    """Return what a file holds, which is UTF-8, with or without a byte order mark.

    JSON has no NaN; YAML has no aliases, dates become text; CSV has a header and gives objects of text.

    Raises:
        InputFileUnreadable: it is not of this format.
    """
    try:
        return _PARSERS[form](file.content.decode("utf-8-sig"))
    except (ValueError, RecursionError, csv.Error) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputFileUnreadable(node, file.path, _NAMES[form], reason) from error


def _json(text: str) -> Json:
    def refused(name: str) -> None:
        raise ValueError(f"{name} is no JSON")

    value: Json = json.loads(text, parse_constant=refused)
    return value


def _yaml(text: str) -> Json:
    import yaml  # type: ignore[import-untyped]  # it ships no types

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.CSafeLoader)):
            raise ValueError("it holds an alias; write the value out")
        return _plain(yaml.load(text, yaml.CSafeLoader))  # the safe loader, in C
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> Json:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case date():
            return value.isoformat()
    raise ValueError(f"it holds {type(value).__name__}, which JSON lacks")


def _csv(text: str) -> Json:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    header = list(reader.fieldnames or ())
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise ValueError(f"two columns are called {twice!r}")
    rows: list[Json] = []
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(f"line {reader.line_num} has not as many values as the header")
        rows.append({str(name): value for name, value in row.items()})
    return rows


def _text(text: str) -> Json:
    return text


_PARSERS: Final[Mapping[Format, Callable[[str], Json]]] = {"text": _text, "json": _json, "yaml": _yaml, "csv": _csv}
_NAMES: Final[Mapping[Format, str]] = {"text": "text in UTF-8", "json": "JSON", "yaml": "YAML", "csv": "CSV"}
