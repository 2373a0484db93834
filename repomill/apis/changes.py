"""What changed between two versions of an API, and whether callers of the older one may break."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from repomill.apis.description import ApiDescription, Operation, Parameter, operation_digest


class ChangeKind(StrEnum):
    """What became of an operation, a server or a security scheme."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """What is not what it was; `reasons` say why it breaks callers, empty when nothing says so.

    `operation` is the name of an operation, empty for a server and a security scheme; `place` says which it is.
    """

    kind: ChangeKind
    operation: str
    place: str
    reasons: tuple[str, ...] = ()

    @property
    def is_breaking(self) -> bool:
        """Whether a caller of the older version may break; a changed schema may do so without being found here."""
        return bool(self.reasons)


def changes(old: ApiDescription, new: ApiDescription) -> tuple[Change, ...]:
    """Compare two versions: servers and security schemes, then operations by method and path.

    Of each sort those that are gone come first, then changed and new ones.
    """
    return (*_server_changes(old, new), *_security_changes(old, new), *_operation_changes(old, new))


def _server_changes(old: ApiDescription, new: ApiDescription) -> Iterator[Change]:
    for server in old.servers:
        if server not in new.servers:
            yield Change(ChangeKind.REMOVED, "", f"server {server}", ("it is gone",))
    if new.servers and new.servers[0] in old.servers[1:]:
        yield Change(ChangeKind.CHANGED, "", f"server {new.servers[0]}", ("it stands first now, so calls go there",))
    for server in new.servers:
        if server not in old.servers:
            yield Change(ChangeKind.ADDED, "", f"server {server}")


def _security_changes(old: ApiDescription, new: ApiDescription) -> Iterator[Change]:
    before, after = old.security_schemes, new.security_schemes
    for name in before:
        if name not in after:
            yield Change(ChangeKind.REMOVED, "", f"security scheme {name}", ("it is gone",))
    for name in after:
        if name in before and before[name] != after[name]:
            same = _without_words(before[name]) == _without_words(after[name])
            reasons = () if same else ("credentials are given in another way",)
            yield Change(ChangeKind.CHANGED, "", f"security scheme {name}", reasons)
    for name in after:
        if name not in before:
            yield Change(ChangeKind.ADDED, "", f"security scheme {name}")


def _without_words(scheme: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scheme.items() if key != "description" and not key.startswith("x-")}


def _operation_changes(old: ApiDescription, new: ApiDescription) -> tuple[Change, ...]:
    before = {operation.place: operation for operation in old.operations}
    after = {operation.place: operation for operation in new.operations}
    removed = [
        Change(ChangeKind.REMOVED, operation.name, place, ("it is gone",))
        for place, operation in before.items()
        if place not in after
    ]
    changed = [
        Change(ChangeKind.CHANGED, operation.name, place, tuple(_reasons(before[place], operation, old, new)))
        for place, operation in after.items()
        if place in before
        and operation_digest(before[place], old.definitions) != operation_digest(operation, new.definitions)
    ]
    added = [
        Change(ChangeKind.ADDED, operation.name, place) for place, operation in after.items() if place not in before
    ]
    return (*removed, *changed, *added)


def _reasons(before: Operation, after: Operation, old: ApiDescription, new: ApiDescription) -> Iterator[str]:
    if before.name != after.name:
        yield f"it was called {before.name}"
    yield from _parameter_reasons(before, after)
    yield from _body_reasons(before, after, old, new)
    for status in sorted(before.responses.keys() - after.responses.keys()):
        if status.startswith("2"):
            yield f"the answer {status} is gone"


def _parameter_reasons(before: Operation, after: Operation) -> Iterator[str]:
    known = {(each.place, each.name): each for each in before.parameters}
    now = {(each.place, each.name): each for each in after.parameters}
    for key, parameter in now.items():
        if parameter.required and (key not in known or not known[key].required):
            yield f"{_named(parameter)} is required now"
        if key in known and _types(known[key].value_schema) - _types(parameter.value_schema):
            yield f"{_named(parameter)} has another type"
    for key in known.keys() - now.keys():
        yield f"{_named(known[key])} is gone"


def _body_reasons(before: Operation, after: Operation, old: ApiDescription, new: ApiDescription) -> Iterator[str]:
    if before.body is not None and after.body is None:
        yield "the body is gone"
    if after.body is None:
        return
    if after.body.required and not (before.body and before.body.required):
        yield "the body is required now"
    stated = before.body.content if before.body else {}
    for media_type, schema in stated.items():
        if media_type not in after.body.content:
            yield f"a body of type {media_type} is not taken any more"
            continue
        needed = _required(after.body.content[media_type], new) - _required(schema, old)
        yield from (f"body/{name} is required now" for name in sorted(needed))


def _required(schema: Mapping[str, Any], description: ApiDescription) -> set[str]:
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    stated = description.definitions.get(name, schema) if name else schema
    return set(stated.get("required", ())) if isinstance(stated, Mapping) else set()


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Return the types a schema names; none where it names them elsewhere."""
    stated = schema.get("type", ())
    return {stated} if isinstance(stated, str) else set(stated)


def _named(parameter: Parameter) -> str:
    return f"{parameter.place.value}/{parameter.name}"
