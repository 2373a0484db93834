"""What commands print: data on standard output, words about it on standard error."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer


class Format(StrEnum):
    """How data is printed."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs")]

Row = Mapping[str, Any]


def print_rows(rows: Sequence[Row], output: Format, *, empty: str) -> None:
    """Print rows of equal keys as a table, or as a JSON array; `empty` is said where there are none."""
    if output is Format.JSON:
        _print_json([dict(row) for row in rows])
    elif not rows:
        say(empty)
    else:
        _print_table(rows)


def print_facts(facts: Row, output: Format) -> None:
    """Print one object: a line for each key, or a JSON object."""
    if output is Format.JSON:
        _print_json(dict(facts))
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' '):<{width}}  {_text(value)}")


def print_list(facts: Sequence[Row]) -> None:
    """Print objects of any keys as a JSON array."""
    _print_json(list(facts))


def as_json_line(facts: Row) -> str:
    """Return one object as one line of JSON."""
    return json.dumps(dict(facts), ensure_ascii=False, default=plain)


def print_text(text: str) -> None:
    """Print data that is text already, with one line break at its end."""
    typer.echo(text, nl=not text.endswith("\n"))


def say(line: str) -> None:
    """Say something about what happens, where it does not mix with data."""
    typer.echo(line, err=True)


def plain(value: object) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (UUID, Path)):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    raise TypeError(f"{type(value).__name__} is not printed")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def _print_table(rows: Sequence[Row]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(name.replace("_", " ") for name in rows[0]), box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_text(value)) for value in row.values()))
    # A pipe has no width of its own: nothing is cut or wrapped there.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 10_000).print(table)


def _text(value: object) -> str:
    if value is None or value in ([], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (dict, list)):
        is_plain = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return ", ".join(value) if is_plain else json.dumps(value, ensure_ascii=False, default=plain)
    return str(value)
