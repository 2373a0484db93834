"""Contents of files as plain JSON: text, JSON, YAML, CSV."""

import csv
import json
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Final, Literal

from repomill.canonical import Json, as_canonical, finite
from repomill.errors import InputFileUnreadable
from repomill.input_files.port import FoundFile
from repomill.workflow._yaml_nodes import Scalar, Sequence, TextRefused, Use, compose
from repomill.workflow._yaml_scalars import core_value

Format = Literal["text", "json", "yaml", "csv"]


def parsed(node: str, file: FoundFile, form: Format) -> Json:
    """Return what a file holds, which is UTF-8, with or without a byte order mark.

    JSON has no NaN; YAML is read as specifications are (1.2, so that dates, `on` and `12:30` are text), and has no
    aliases; CSV has a header and gives objects of text. Integers beyond 2**53 become text.

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

    value: Json = as_canonical(json.loads(text, parse_constant=refused, parse_float=finite))
    return value


def _yaml(text: str) -> Json:
    try:
        root = compose(text, aliases=False)
    except TextRefused as refusal:
        raise ValueError(f"line {refusal.place.line}: {refusal.message}") from refusal
    return None if root is None else _plain(root)


def _plain(use: Use) -> Json:
    node = use.node
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    if isinstance(node, Scalar):
        return _scalar(node, use.place.line)
    found: dict[str, Json] = {}
    for key, value in node.pairs:
        if not isinstance(key.node, Scalar):
            raise ValueError(f"line {key.place.line}: a key must be text")  # noqa: TRY004  # the text is wrong, no argument
        if key.node.text in found:
            raise ValueError(f"line {key.place.line}: the key {key.node.text!r} stands twice")
        found[key.node.text] = _plain(value)
    return found


def _scalar(node: Scalar, line: int) -> Json:
    try:
        value: Json = as_canonical(core_value(node.text)) if node.plain else node.text
    except ValueError as error:
        raise ValueError(f"line {line}: {error}") from error
    return value


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
