"""The `operations` tools: each operation of a discovered API is a function, typed as its document says."""

import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Any, ClassVar

from pydantic import Field

from repomill.agents.functions import Function
from repomill.apis.answers import BROKEN, BUSY
from repomill.apis.arguments import arguments_schema
from repomill.apis.client import CallOptions, HttpApi
from repomill.apis.description import ApiDescription, Operation, Schema
from repomill.apis.requests import make_request
from repomill.apis.responses import answer_schema
from repomill.calls.port import Calls
from repomill.canonical import Json, canonical_json
from repomill.errors import OperationNotFound, ToolRefused
from repomill.sources import SourceKind
from repomill.tools.base import Opened, ToolContext, Toolset, ToolSettings
from repomill.workflow.json_schemas import exact_schema

MOST_OPERATIONS = 64
"""Providers take some 128 functions, and models choose badly among many."""
MOST_SCHEMA = 4_000
"""Characters of an answer's schema, which goes with every request; of a longer one a model is told the status alone."""
HARMLESS = frozenset({"GET", "HEAD"})


class OperationsSettings(ToolSettings):
    """Settings of `operations`."""

    source: Annotated[str, Field(min_length=1, description="Name of a source of kind `http` with a document.")]
    include: Annotated[
        tuple[str, ...], Field(description="Operations; without any those that only read (GET and HEAD).")
    ] = ()
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$", description="Put before the names of the functions.")] = ""
    max_calls: Annotated[int, Field(gt=0, description="Calls of each operation that one run may make.")] = 50


class Operations(Toolset[OperationsSettings]):
    """Calls operations of a discovered API, with the credentials of its block, on behalf of the acting user."""

    name: ClassVar[str] = "operations"
    version: ClassVar[int] = 2
    settings_model = OperationsSettings
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset({SourceKind.HTTP})

    def sources(self, settings: OperationsSettings) -> tuple[str, ...]:
        """Return the one API."""
        return (settings.source,)

    async def open(self, settings: OperationsSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Return a function for each operation.

        Raises:
            OperationNotFound: the document has none of such a name, or there is no document.
            SourceMissing, ApiNotFound: there is no such block or document.
        """
        api = await context.http.api(settings.source)
        if api.description is None:
            told = "Name a document in the source or its block"
            raise OperationNotFound(", ".join(settings.include) or "*", settings.source, told)
        chosen = _chosen(api.description, settings)
        return Opened(tuple(_function(api, api.description, each, settings, context) for each in chosen))


def _chosen(description: ApiDescription, settings: OperationsSettings) -> Iterable[Operation]:
    if settings.include:
        return [description.operation(name, settings.source) for name in dict.fromkeys(settings.include)]
    found = [each for each in description.operations if each.method in HARMLESS]
    if not found or len(found) > MOST_OPERATIONS:
        told = f"It has {len(found)} that only read, and 1 to {MOST_OPERATIONS} are taken: name them under `include`"
        raise OperationNotFound("*", settings.source, told)
    return found


def _function(
    api: HttpApi, description: ApiDescription, operation: Operation, settings: OperationsSettings, context: ToolContext
) -> Function:
    name = function_name(settings.prefix + operation.name)

    async def run(arguments: Mapping[str, Any], calls: Calls) -> Json:
        request = make_request(operation, description, api.base_url, arguments)
        expect = frozenset(range(200, 500)) - BUSY - BROKEN - frozenset({*range(300, 400), 401, 403})
        options = CallOptions(expect=expect, max_size=context.max_file_size)
        answer = await api.call(calls, f"{context.node_path}/{name} {calls.next_number}", request, options)
        try:
            return {"status": answer.status, "body": answer.value()}
        except ValueError as error:
            raise ToolRefused(f"the answer says it is JSON and is none: {error}") from error

    return Function(
        name=name,
        description="\n\n".join(filter(None, (operation.summary, operation.description))) or operation.place,
        parameters=exact_schema(arguments_schema(operation, description.definitions)),
        run=run,
        output=_output(operation, description),
        timeout=api.source.timeout * 2,
        max_calls=settings.max_calls,
    )


def _output(operation: Operation, description: ApiDescription) -> Schema:
    whole = exact_schema(answer_schema(operation, description.definitions))
    if len(canonical_json(whole)) <= MOST_SCHEMA:
        return whole
    return {"type": "object", "properties": {"status": whole["properties"]["status"]}}


def function_name(text: str) -> str:
    """Return a name that every provider takes: letters, digits, `_` and `-`, at most 64."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:64] or "operation"
