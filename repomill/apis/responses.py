"""What the document promises of answers, and whether some keep to it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from referencing.exceptions import Unresolvable

from repomill.apis.answers import ApiAnswer
from repomill.apis.description import ApiDescription, Operation, Response, Schema, reached
from repomill.apis.media_types import is_json
from repomill.workflow.json_schemas import value_errors

FAULTS_SHOWN = 10


def response_faults(operation: Operation, description: ApiDescription, answer: ApiAnswer) -> tuple[str, ...]:
    """Return where an answer departs from its description; nothing where the description says nothing of it."""
    stated = operation.response(answer.status)
    if stated is None:
        return (f"the document knows no answer with status {answer.status}",)
    if not stated.content or not answer.content:
        return ()
    schema = _schema_of(stated.content, answer.media_type)
    if schema is None:
        return (f"the document knows no answer of type {answer.media_type or 'none'}",)
    return _value_faults(schema, description, answer) if is_json(answer.media_type) else ()


def answer_schema(operation: Operation, definitions: Mapping[str, Any]) -> Schema:
    """Return the JSON Schema of an answer's `status` and `body`; it stands for itself, with the definitions it needs.

    Of a status that the document does not list the body is not known, so no schema can hold for it.
    """
    bodies = [body for response in operation.responses.values() for body in _bodies(response)]
    different = [body for at, body in enumerate(bodies) if body not in bodies[:at]]
    properties: Schema = {"status": {"type": "integer"}}
    if different and {} not in different:
        listed = f"For status {', '.join(operation.responses)}."
        properties["body"] = {"description": listed, "anyOf": different}
    used = reached(properties, definitions)
    return {"type": "object", "properties": properties} | ({"$defs": used} if used else {})


def _bodies(response: Response) -> Iterator[Schema]:
    """Yield the schema of each body as it is told: text stands for itself, of other bytes nothing is known."""
    for media_type, schema in response.content.items():
        yield schema if is_json(media_type) else {"type": "string"} if media_type.startswith("text/") else {}
    if not response.content:
        yield {"type": "null"}


def _schema_of(content: dict[str, Schema], media_type: str) -> Schema | None:
    kind = media_type.partition("/")[0]
    stated = {name.partition(";")[0].strip(): schema for name, schema in content.items()}
    return next((stated[name] for name in (media_type, f"{kind}/*", "*/*") if name in stated), None)


def _value_faults(schema: Schema, description: ApiDescription, answer: ApiAnswer) -> tuple[str, ...]:
    whole = schema | {"$defs": reached(schema, description.definitions)}
    try:
        errors = value_errors(whole, answer.json())
    except ValueError as error:
        return (f"it is not JSON: {error}",)
    except (RecursionError, re.error, Unresolvable):
        return ()  # a schema that cannot be used says nothing
    places = ("/".join(map(str, error.absolute_path)) for error in errors)
    return tuple(f"{place or 'body'}: {error.message[:300]}" for place, error in zip(places, errors, strict=True))[
        :FAULTS_SHOWN
    ]
