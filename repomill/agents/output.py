"""What an agent's answer must look like: text, structured output by JSON Schema, or files."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from repomill.agents.request import AgentRequest
from repomill.canonical import Json
from repomill.errors import OutputSchemaInvalid, UnsafeTree
from repomill.trees.paths import check_paths, join_path
from repomill.trees.tree import TreeFile

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

FILES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "description": "The files, each whole.",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "content"],
                "properties": {
                    "path": {
                        "type": "string",
                        "minLength": 1,
                        "description": "Relative path with / between its parts.",
                    },
                    "content": {"type": "string", "description": "The whole text of the file."},
                    "executable": {"type": "boolean", "description": "True for scripts that are run directly."},
                },
            },
        },
        "notes": {"type": "string", "description": "What a reader of the files should know."},
    },
}

MAX_PROBLEMS = 10
PROBLEM_LENGTH = 300


class OutputShape(Protocol):
    """Port: one kind of output. `schema` is what the model is shown, None when it answers in text."""

    schema: dict[str, Any] | None

    def problems(self, answer: Any) -> list[str]:
        """Return what is wrong, as sentences the model can act on; empty when the answer is right."""

    def result(self, answer: Any) -> tuple[Json, tuple[TreeFile, ...]]:
        """Return the node's output and files of a right answer."""


def output_shape(request: AgentRequest) -> OutputShape:
    """Return the shape a request asks for.

    Raises:
        OutputSchemaInvalid: its `schema` is not a JSON Schema, or refers to something outside itself.
    """
    if request.files:
        return Files()
    if request.schema is not None:
        return Structured(request.node_path, request.schema)
    return Text()


class Text:
    """The answer is text."""

    schema: dict[str, Any] | None = None

    def problems(self, answer: Any) -> list[str]:
        """Take any text."""
        return []

    def result(self, answer: Any) -> tuple[Json, tuple[TreeFile, ...]]:
        """Return `{"text": …}`."""
        return {"text": answer}, ()


class Structured:
    """The answer follows a JSON Schema, really checked: providers promise it, and do not always keep it."""

    def __init__(self, node_path: str, schema: Mapping[str, Any]) -> None:
        self._wrapped = not _describes_an_object(schema)
        self.schema: dict[str, Any] | None = _wrap(schema) if self._wrapped else dict(schema)
        self._validator = _validator(node_path, self.schema)

    def problems(self, answer: Any) -> list[str]:
        """Return the schema's complaints, each with its JSON pointer."""
        errors = sorted(self._validator.iter_errors(answer), key=lambda error: list(map(str, error.absolute_path)))
        return [_sentence(error.absolute_path, error.message) for error in errors[:MAX_PROBLEMS]]

    def result(self, answer: Any) -> tuple[Json, tuple[TreeFile, ...]]:
        """Return the object, or the value a tool call had to carry inside an object."""
        return answer["value"] if self._wrapped else answer, ()


class Files(Structured):
    """The answer is files: `{"files": [{"path", "content", "executable"?}], "notes"?}`."""

    def __init__(self) -> None:
        super().__init__("files", FILES_SCHEMA)

    def problems(self, answer: Any) -> list[str]:
        """Add what a schema cannot say to the schema's complaints."""
        return super().problems(answer) or list(_file_problems(answer["files"]))

    def result(self, answer: Any) -> tuple[Json, tuple[TreeFile, ...]]:
        """Return `{"files": [paths], "notes": …}` and the files."""
        files = tuple(_tree_file(item) for item in answer["files"])
        paths: list[Json] = [file.path for file in files]
        return {"files": paths, "notes": answer.get("notes", "")}, files


def _file_problems(files: list[dict[str, Any]]) -> Iterator[str]:
    for index, item in enumerate(files):
        if not _is_unicode(item["content"]):
            yield f"/files/{index}: half a surrogate pair is not valid Unicode."
    yield from _path_problems(files)


def _path_problems(files: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return why paths are refused in a tree; the model may choose others, a stored answer never will."""
    try:
        check_paths(join_path("", item["path"]) for item in files)
    except UnsafeTree as error:
        return tuple(f"/files: {problem}" for problem in error.problems[:MAX_PROBLEMS])
    return ()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tree_file(item: dict[str, Any]) -> TreeFile:
    return TreeFile(item["path"], item["content"].encode(), "100755" if item.get("executable") else "100644")


def _describes_an_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" or ("type" not in schema and "properties" in schema)


def _wrap(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Tool calls carry objects only; definitions stay at the root, where `#/$defs/…` looks for them."""
    inner = {name: part for name, part in schema.items() if name != "$defs"}
    wrapped: dict[str, Any] = {"type": "object", "properties": {"value": inner}, "required": ["value"]}
    return wrapped | ({"$defs": schema["$defs"]} if "$defs" in schema else {})


def _validator(node_path: str, schema: dict[str, Any]) -> "Validator":
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        _follow_references(schema)
    except SchemaError as error:
        raise OutputSchemaInvalid(node_path, _sentence(error.absolute_path, error.message)) from error
    except Unresolvable as error:
        raise OutputSchemaInvalid(node_path, f"$ref {error.ref!r} leads nowhere") from error
    # An explicit registry: without one jsonschema would fetch remote references.
    return kind(schema, registry=Registry())


def _follow_references(schema: dict[str, Any]) -> None:
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    base = resource.id() or ""
    resolver = Registry().with_resource(base, resource).resolver(base)
    for reference in _references(schema):
        resolver.lookup(reference)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _sentence(path: Any, message: str) -> str:
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
    shown = message if len(message) <= PROBLEM_LENGTH else message[:PROBLEM_LENGTH] + "…"
    return f"{pointer or '/'}: {shown}"
