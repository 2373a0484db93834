"""The `api_call` node: calls one operation of an HTTP API."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from repomill.apis.answers import ApiAnswer
from repomill.apis.client import SUCCESS, CallOptions, HttpApi
from repomill.apis.description import Operation
from repomill.apis.pages import Fetch, PagesBroken, Paging, collect
from repomill.apis.requests import ApiRequest, make_request, undescribed
from repomill.apis.responses import response_faults
from repomill.canonical import Json, as_canonical
from repomill.errors import ApiAnswerUnusable, OperationNotFound
from repomill.nodes.base import Idempotency, NodeConfig, NodeContext, NodeKind, NodeResult, Raw
from repomill.sources import SourceKind
from repomill.trees.tree import TreeFile

Values = dict[str, Any]
Check = Callable[..., list[Json]]

_MOST_WARNINGS: Final = 100
"""Warnings that all pages leave together."""


class ApiCallConfig(NodeConfig):
    """Configuration of an `api_call` node; a parameter whose value is null is not sent."""

    source: Annotated[str, Field(description="Name of a source of kind `http`.")]
    operation: Annotated[str, Raw(), Field(min_length=1, description="`operationId`, or method and path.")]
    path: Annotated[Values, Field(default_factory=dict, description="Values of the path, by name.")]
    query: Annotated[Values, Field(default_factory=dict, description="Parameters of the query.")]
    headers: Annotated[Values, Field(default_factory=dict, description="Headers; credentials are the block's.")]
    cookies: Annotated[Values, Field(default_factory=dict, description="Cookies.")]
    body: Annotated[Any, Field(description="The body; of a form its fields, a file as `{filename, content}`.")] = None
    content_type: Annotated[str, Raw(), Field(description="Media type of the body, where there is a choice.")] = ""
    expect: Annotated[tuple[int, ...], Field(description="Statuses that are no failure; every 2xx when empty.")] = ()
    answer: Annotated[
        Literal["auto", "json", "text"], Field(description="How the content is read; `auto` asks its type.")
    ] = "auto"
    keep_headers: Annotated[tuple[str, ...], Field(description="Headers of the answer that are handed on.")] = ()
    save_as: Annotated[str, Field(description="Path in the tree the content is written to, as it is.")] = ""
    check_response: Annotated[
        Literal["off", "warn", "fail"], Field(description="What becomes of an answer that the document forbids.")
    ] = "off"
    paginate: Annotated[Paging | None, Raw(), Field(description="Collect the items of all pages.")] = None
    idempotency_key: Annotated[bool, Field(description="Send an `Idempotency-Key` with POST and PATCH.")] = True

    @field_validator("operation")
    @classmethod
    def _is_named(cls, operation: str) -> str:
        if not operation.strip():
            raise ValueError("it is blank; give an operationId, or method and path")
        return operation

    @field_validator("expect")
    @classmethod
    def _are_statuses(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 100 <= status <= 599 for status in value):
            raise ValueError("statuses are numbers from 100 to 599")
        return value

    @model_validator(mode="after")
    def _one_use(self) -> Self:
        if self.paginate is not None and self.save_as:
            raise ValueError("'paginate' and 'save_as' exclude each other")
        return self

    def arguments(self) -> Values:
        """Return what is given to the operation."""
        groups: Values = {"path": self.path, "query": self.query, "headers": self.headers, "cookies": self.cookies}
        return {name: value for name, value in groups.items() if value} | (
            {} if self.body is None else {"body": self.body}
        )


_OUTPUT: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "headers": {"type": "object"},
        "body": {},
        "items": {"type": "array"},
        "pages": {"type": "integer"},
        "complete": {"type": "boolean"},
        "file": {"type": "string"},
        "warnings": {"type": "array", "items": {"type": "string"}},
    },
}


class ApiCall(NodeKind[ApiCallConfig]):
    """Calls one operation of an HTTP API, with the credentials of its block, on behalf of the acting user.

    Where the API's document was discovered, the request is checked against it before anything is sent. Every call goes
    through the call ledger: an answer that came is never asked for again within the execution.

    After 429 every request is sent again. After 408, 425, 500, 502 to 504 or a lost connection GET, HEAD, PUT and
    DELETE are; POST and PATCH only when they carry an `Idempotency-Key`, or when nothing went out.
    """

    name: ClassVar[str] = "api_call"
    version: ClassVar[int] = 2
    idempotency: ClassVar[Idempotency] = Idempotency.RECORDED
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset({SourceKind.HTTP})
    config_model = ApiCallConfig

    def changes(self, config: ApiCallConfig) -> bool:
        """All but GET and HEAD; of an `operationId` the method is not known before the run."""
        return config.operation.split()[0].upper() not in {"GET", "HEAD"}

    def output_schema(self, config: ApiCallConfig) -> Mapping[str, Any]:
        """Return the schema of the parts that this configuration gives."""
        if config.paginate is not None:
            wanted = {"status", "headers", "items", "pages", "complete", "warnings"}
        else:
            wanted = {"status", "headers", "file" if config.save_as else "body", "warnings"}
        parts = {name: schema for name, schema in _OUTPUT["properties"].items() if name in wanted}
        return {"type": "object", "properties": parts}

    def sources(self, config: ApiCallConfig) -> tuple[str, ...]:
        """A call has one source."""
        return (config.source,)

    def writes_files(self, config: ApiCallConfig) -> bool:
        """Only an answer that is saved is a file."""
        return bool(config.save_as)

    def static_paths(self, config: ApiCallConfig) -> tuple[str, ...]:
        """Return where the answer is saved."""
        return (config.save_as,) if config.save_as and "{" not in config.save_as else ()

    async def run(self, config: ApiCallConfig, context: NodeContext) -> NodeResult:
        """Make the call; raises the errors of `repomill.apis.client.HttpApi.call` and `ApiRequestInvalid`."""
        api = await context.http.api(config.source)
        operation = find_operation(api, config)
        request = make_request(operation, api.description, api.base_url, config.arguments(), config.content_type)
        fetch = partial(_fetch, api, config, context)
        check = partial(_warnings, api, operation, config)
        if config.paginate is not None:
            return NodeResult(await _all_pages(config, request, config.paginate, fetch, check))
        answer = await fetch(request)
        return _result(config, answer, check(answer))


def find_operation(api: HttpApi, config: ApiCallConfig) -> Operation:
    """Return what the document says of an operation, or what the node says of one that has no document.

    Raises:
        OperationNotFound: the document has none such; or there is no document, and the node gives only a name.
    """
    if api.description is not None:
        return api.description.operation(config.operation, api.source.document)
    method, _, path = config.operation.strip().partition(" ")
    if not path.strip().startswith("/"):
        hint = "Without a discovered document an operation is method and path, as `GET /pets/{id}`"
        raise OperationNotFound(config.operation, api.source.name, hint)
    return undescribed(method.upper(), path.strip(), config.arguments())


async def _fetch(api: HttpApi, config: ApiCallConfig, context: NodeContext, request: ApiRequest) -> ApiAnswer:
    reads_json = config.paginate is not None or (config.answer == "auto" and not config.save_as)
    options = CallOptions(
        expect=frozenset(config.expect or SUCCESS),
        max_size=context.max_file_size,
        idempotency_key=config.idempotency_key,
        needs_json=reads_json,
    )
    return await api.call(context.calls, context.path, request, options)


async def _all_pages(config: ApiCallConfig, request: ApiRequest, paging: Paging, fetch: Fetch, check: Check) -> Json:
    warnings: list[Json] = []
    numbers = count(1)

    async def checked(request: ApiRequest) -> ApiAnswer:
        answer = await fetch(request)
        warnings.extend(check(answer, f"page {next(numbers)}: "))
        return answer

    try:
        pages = await collect(request, paging, checked)
    except PagesBroken as error:
        raise ApiAnswerUnusable(config.source, config.operation, str(error)) from error
    return {
        "status": pages.last.status,
        "headers": _kept(config, pages.last),
        "items": as_canonical(pages.items),
        "pages": pages.count,
        "complete": pages.is_complete,
        "warnings": warnings[:_MOST_WARNINGS],
    }


def _result(config: ApiCallConfig, answer: ApiAnswer, warnings: list[Json]) -> NodeResult:
    output: dict[str, Json] = {"status": answer.status, "headers": _kept(config, answer), "warnings": warnings}
    if config.save_as:
        return NodeResult(output | {"file": config.save_as}, (TreeFile(config.save_as, answer.content),))
    return NodeResult(output | {"body": _body(config, answer)})


def _body(config: ApiCallConfig, answer: ApiAnswer) -> Json:
    try:
        if config.answer == "text":
            return answer.text()
        body: Json = as_canonical(answer.json()) if config.answer == "json" else answer.value()
    except ValueError as error:
        raise ApiAnswerUnusable(config.source, config.operation, f"it is not JSON: {error}") from error
    return body


def _kept(config: ApiCallConfig, answer: ApiAnswer) -> dict[str, Json]:
    names = (name.lower() for name in config.keep_headers)
    return {name: answer.headers[name] for name in names if name in answer.headers}


def _warnings(
    api: HttpApi, operation: Operation, config: ApiCallConfig, answer: ApiAnswer, where: str = ""
) -> list[Json]:
    if config.check_response == "off" or api.description is None:
        return []
    faults = [f"{where}{fault}" for fault in response_faults(operation, api.description, answer)]
    if faults and config.check_response == "fail":
        raise ApiAnswerUnusable(config.source, config.operation, "; ".join(faults))
    return [*faults]
