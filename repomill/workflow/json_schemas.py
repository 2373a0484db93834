"""JSON Schema, draft 2020-12, with nothing fetched: a `$ref` reaches into its own document only."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from repomill.canonical import LARGEST_INTEGER, as_canonical
from repomill.workflow.pointers import ROOT, child

Schema = Mapping[str, Any]

_FORMATS = Draft202012Validator.FORMAT_CHECKER
_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_META = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=_FORMATS)


def schema_problems(schema: Schema, pointer: str = ROOT) -> Iterator[tuple[str, str]]:
    """Yield pointer and sentence for each place where this is no JSON Schema."""
    # The meta-schema comes in vocabularies, which may say the same thing of one place.
    problems = {child(pointer, *error.absolute_path): error.message for error in _META.iter_errors(schema)}
    yield from problems.items()
    if not problems:
        yield from _reference_problems(schema, pointer)


def value_errors(schema: Schema, value: object) -> list[ValidationError]:
    """Return where a value departs from a schema without problems, formats included.

    Raises:
        RecursionError: the schema's references go round in a circle.
    """
    # An empty registry: the library's default would fetch what a $ref names from the network.
    validator = Draft202012Validator(schema, registry=Registry(), format_checker=_FORMATS)
    return sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])


def exact_schema(schema: Schema) -> dict[str, Any]:
    """Return a schema of somebody else as canonical JSON can hold it.

    Integers beyond 2**53 are text, as they are in values; bounds of that size, which `int64` comes with, are left out.
    """
    found: dict[str, Any] = _exact(schema)
    return found


def _exact(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _exact(part) for name, part in value.items() if not (name in _BOUNDS and _is_large(part))}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return as_canonical(value)


def _is_large(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) > LARGEST_INTEGER


def _reference_problems(schema: Schema, pointer: str) -> Iterator[tuple[str, str]]:
    resource = DRAFT202012.create_resource(schema)
    resolver = Registry[Any]().with_resource("", resource).resolver()
    for place, reference in _references(schema, pointer):
        if not reference.startswith("#"):
            yield place, f"the reference {reference!r} leaves the document"
            continue
        try:
            resolver.lookup(reference)
        except Unresolvable:
            yield place, f"the reference {reference!r} leads nowhere"


def _references(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(item, str):
                yield child(pointer, key), item
            elif key not in {"const", "default", "enum", "examples"}:
                yield from _references(item, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, child(pointer, index))
