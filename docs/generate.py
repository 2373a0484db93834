"""Writes docs/reference from the code: `python -m docs.generate`, from the top of a checkout.

A page states only what a declaration states; a test fails when a page is not what this module would write.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from inspect import getdoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from repomill import errors
from repomill.nodes.base import NodeKind
from repomill.nodes.registry import kinds
from repomill.tools.registry import tools
from repomill.workflow.faults import FAULT_CODES
from repomill.workflow.spec import NodeSpec, WorkflowSpec
from storage.database.transitions import TRANSITIONS

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by `python -m docs.generate`; edit the code instead. -->"
FAMILIES = (errors.Retriable, errors.BadInput, errors.UserActionRequired, errors.Fatal, errors.Cancelled)

Schema = Mapping[str, Any]


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    contents = {
        "errors.md": _errors(),
        "faults.md": _faults(),
        "nodes.md": _nodes(),
        "statuses.md": _statuses(),
        "tools.md": _tools(),
        "workflow.md": _workflow(),
    }
    return {name: "\n".join([NOTICE, "", *lines]).rstrip("\n") + "\n" for name, lines in contents.items()}


def main(folder: Path = REFERENCE) -> None:
    """Write the pages into a folder."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _errors() -> Iterator[str]:
    yield from ("# Errors", "")
    yield "Every error has a stable code, a message, a hint and facts as fields. Names in braces are those fields."
    yield "The family says who can recover; `exit` is what the command line ends with."
    for family in FAMILIES:
        yield from ("", f"## {family.__name__}", "", _first_line(family), "")
        rows = [
            [f"`{error.code}`", str(error.exit_code), _first_line(error), error.message, error.hint]
            for error in _catalogue()
            if issubclass(error, family)
        ]
        yield from _table(["code", "exit", "when", "message", "hint"], rows)


def _catalogue() -> list[type[errors.RepomillError]]:
    """Return the classes with a code of their own, in the order of the module."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.RepomillError) and "code" in vars(value)
        if value is not errors.RepomillError
    ]


def _faults() -> Iterator[str]:
    yield from ("# Faults of a specification", "")
    yield "`repomill workflow validate` finds all of them in one pass and prints, for each, file, line, column, code,"
    yield "JSON pointer, message and hint."
    yield ""
    yield from _table(["code", "meaning"], [[f"`{code}`", meaning] for code, meaning in FAULT_CODES.items()])


def _nodes() -> Iterator[str]:
    yield from ("# Node kinds", "", "What stands under `config` of a node, by its `type`.")
    for name, kind in kinds().items():
        yield from ("", f"## `{name}`", "", getdoc(kind) or "", "")
        yield from _table(["version", "idempotency", "publishes"], [_facts(kind)])
        yield from _models(kind.config_model)


def _tools() -> Iterator[str]:
    yield from ("# Tools", "", "What stands under `tools` of an `llm` node: `NAME`, or `NAME: {…}` with settings.")
    for name, tool in tools().items():
        yield from ("", f"## `{name}`", "", getdoc(tool) or "")
        yield from _models(tool.settings_model)


def _facts(kind: NodeKind[Any]) -> list[str]:
    return [str(kind.version), kind.idempotency.value, "yes" if kind.publishes else "no"]


def _workflow() -> Iterator[str]:
    yield from ("# Top-level keys", "", "Keys of a specification; all others are faults.")
    yield from _models(WorkflowSpec)
    yield from ("", f"`config` of a {NodeSpec.__name__} is what its kind says: [node kinds](nodes.md).")


def _statuses() -> Iterator[str]:
    yield from ("# Statuses", "", "Which status may follow which. The database refuses every other change by triggers.")
    for entity, table in TRANSITIONS.items():
        yield from ("", f"## {entity.capitalize()}", "", "```mermaid", "stateDiagram-v2")
        yield f"    [*] --> {next(iter(table)).value}"
        for before, followers in table.items():
            yield from (f"    {before.value} --> {after}" for after in sorted(item.value for item in followers))
        yield from (f"    {before.value} --> [*]" for before, followers in table.items() if not followers)
        yield "```"


def _models(model: type[BaseModel]) -> Iterator[str]:
    """Yield a table of the model's keys, then one for each model it holds."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    yield ""
    yield from _keys(schema, definitions)
    for name, inner in definitions.items():
        if "properties" in inner:
            yield from ("", f"### {name}", "", inner.get("description", ""), "")
            yield from _keys(inner, definitions)


def _keys(schema: Schema, definitions: Schema) -> Iterator[str]:
    required = schema.get("required", [])
    rows = [
        [f"`{key}`", _type(field, definitions), _default(field, key in required), field.get("description", "")]
        for key, field in schema.get("properties", {}).items()
    ]
    return _table(["key", "type", "default", "meaning"], rows)


def _type(field: Schema, definitions: Schema) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return name if "properties" in definitions[name] else _type(definitions[name], definitions)
    if "anyOf" in field:
        return " or ".join(_type(choice, definitions) for choice in field["anyOf"])
    if "const" in field or "enum" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field['items'], definitions)}" + _bounds(field)
    return str(field.get("type", "any value")) + _bounds(field)


def _bounds(field: Schema) -> str:
    words = {
        "exclusiveMinimum": "above",
        "minimum": "from",
        "maximum": "to",
        "pattern": "matching",
        "maxLength": "of length up to",
        "minItems": "at least",
        "maxItems": "at most",
    }
    return "".join(f" {word} `{field[key]}`" for key, word in words.items() if key in field)


def _default(field: Schema, is_required: bool) -> str:
    if is_required:
        return "required"
    default = field.get("default")
    return "" if default in (None, "", [], {}) else f"`{json.dumps(default)}`"


def _first_line(documented: type) -> str:
    return (getdoc(documented) or "").partition("\n")[0]


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    main()
