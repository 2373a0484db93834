"""A Markdown page of an API's endpoints."""

from collections.abc import Iterator, Sequence

from repomill.apis.changes import Change
from repomill.apis.description import ApiDescription, Operation

OPERATIONS_DETAILED = 150
"""Larger APIs get the table only: the page would be slow."""


def endpoints_page(name: str, description: ApiDescription, changes: Sequence[Change] = ()) -> str:
    """Return the page: what the API is, what changed, every endpoint, and each one's parameters."""
    lines = [f"# {_text(description.title)} {_text(description.version)}", ""]
    lines += [f"Source document `{name}`, OpenAPI {description.openapi}, `{description.digest}`.", ""]
    lines += [f"- Server {_code(server)}" for server in description.servers]
    lines += [f"- Security {_code(each)}" for each in description.security_schemes]
    lines += [f"- Note: {_text(note)}" for note in description.notes]
    lines += ["", *_changes(changes), "## Endpoints", "", *_table(description.operations), ""]
    if len(description.operations) <= OPERATIONS_DETAILED:
        for operation in description.operations:
            lines += _details(operation)
    return "\n".join(lines)


def change_lines(changes: Sequence[Change]) -> list[str]:
    """Return one line for each change."""
    return [
        f"{change.kind.value} {change.place}" + (f": breaking, {'; '.join(change.reasons)}" if change.reasons else "")
        for change in changes
    ]


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    if changes:
        yield from ("## Changed since the last time", "")
        yield from (f"- {_text(line)}" for line in change_lines(changes))
        yield ""


def _table(operations: Sequence[Operation]) -> Iterator[str]:
    yield from ("| method | path | operation | summary |", "|---|---|---|---|")
    for operation in operations:
        summary = _text(operation.summary) + (" (deprecated)" if operation.deprecated else "")
        yield f"| {operation.method} | {_code(operation.path)} | {_code(operation.name)} | {summary} |"


def _details(operation: Operation) -> Iterator[str]:
    yield from (f"### {_text(operation.place)}", "", _text(operation.description or operation.summary), "")
    if operation.parameters:
        yield from ("| parameter | in | type | required |", "|---|---|---|---|")
    for each in operation.parameters:
        stated = each.value_schema.get("type", "")
        kind = stated if isinstance(stated, str) else ", ".join(stated)
        required = "yes" if each.required else ""
        yield f"| {_code(each.name)} | {each.place.value} | {kind} | {required} |"
    if operation.body is not None:
        yield from ("", f"Body: {', '.join(map(_code, operation.body.content))}")
    yield from ("", f"Answers: {', '.join(map(_code, operation.responses))}", "")


def _code(text: str) -> str:
    return f"`{_text(text).replace('`', chr(39))}`"


def _text(text: str) -> str:
    """Return text for one line of a table; what a document says is no Markdown of ours."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
