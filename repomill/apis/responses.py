"""Checks answers against what the document promises."""

import re

from referencing.exceptions import Unresolvable

from repomill.apis.answers import ApiAnswer
from repomill.apis.description import ApiDescription, Operation, Schema, reached
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
