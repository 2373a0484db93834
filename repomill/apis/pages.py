"""Collects the items of an answer that comes in pages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from repomill.apis.answers import ApiAnswer
from repomill.apis.requests import ApiRequest
from repomill.canonical import Json

Fetch = Callable[[ApiRequest], Awaitable[ApiAnswer]]


class PagesBroken(Exception):
    """A page is not what the description of the pages says; the text says how."""


class Paging(BaseModel):
    """How the pages of an answer follow each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Annotated[
        Literal["link", "next", "cursor", "page", "offset"],
        Field(
            description="`link`: the Link header (RFC 8288). `next`: a URL in the body. `cursor`: a value in the body "
            "that goes into the query. `page`, `offset`: a number in the query that rises until a page is empty."
        ),
    ]
    items: Annotated[str, Field(description="JSON path (RFC 9535) of the items in a page, as `$.data[*]`.")] = "$[*]"
    next: Annotated[str, Field(description="JSON path of the next URL or cursor.")] = ""
    parameter: Annotated[str, Field(description="Name in the query that carries cursor, page or offset.")] = ""
    start: Annotated[int | None, Field(ge=0, description="First number; 1 for pages and 0 for offsets.")] = None
    max_pages: Annotated[int, Field(gt=0, le=10_000, description="Pages that are asked for at most.")] = 20

    @field_validator("items", "next")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        import jsonpath

        try:
            if value:
                jsonpath.compile(value)
        except jsonpath.JSONPathError as error:
            raise ValueError(f"{value!r} is no JSON path: {error}") from error
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.by in {"next", "cursor"} and not self.next:
            raise ValueError(f"'next' is needed with by: {self.by}")
        if self.by in {"cursor", "page", "offset"} and not self.parameter:
            raise ValueError(f"'parameter' is needed with by: {self.by}")
        return self


@dataclass(frozen=True, slots=True)
class Pages:
    """What was collected; `is_complete` tells whether the last page was reached within the bound."""

    items: tuple[Json, ...]
    count: int
    is_complete: bool
    last: ApiAnswer


async def collect(first: ApiRequest, paging: Paging, fetch: Fetch) -> Pages:
    """Fetch page after page.

    Raises:
        PagesBroken: a page is not JSON, or leads back to one that was there before.
        RepomillError: what `fetch` raises.
    """
    items: list[Json] = []
    request: ApiRequest | None = _first(first, paging)
    seen: set[str] = set()
    for number in range(1, paging.max_pages + 1):
        assert request is not None  # noqa: S101  # the loop is left where there is none
        if request.url in seen:
            raise PagesBroken(f"page {number} is one that was there before: {request.url}")
        seen.add(request.url)
        answer = await fetch(request)
        body = _body(answer, number)
        found = select(paging.items, body)
        items += found
        request = _following(request, paging, answer, body, len(items) if found else None)
        if request is None:
            return Pages(tuple(items), number, is_complete=True, last=answer)
    return Pages(tuple(items), paging.max_pages, is_complete=False, last=answer)


def select(path: str, body: Json) -> list[Json]:
    """Return what a JSON path selects. An array that is reached by names alone stands for its elements.

    There null, as some servers write an empty list, is nothing. What an index leads to is an item as it is.
    """
    import jsonpath

    query = jsonpath.compile(path)
    if not isinstance(body, (dict, list)):
        return []
    is_one = isinstance(query, jsonpath.JSONPath) and query.singular_query()
    found: list[Json] = []
    for match in query.finditer(body):
        value: Any = match.obj
        found += _elements(value) if is_one or _is_named_place(match.parts) else [value]
    return found


def _is_named_place(parts: tuple[int | str, ...]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _elements(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _first(request: ApiRequest, paging: Paging) -> ApiRequest:
    if paging.by not in {"page", "offset"}:
        return request
    start = paging.start if paging.start is not None else int(paging.by == "page")
    return with_query(request, paging.parameter, str(start))


def _following(
    request: ApiRequest, paging: Paging, answer: ApiAnswer, body: Json, items_so_far: int | None
) -> ApiRequest | None:
    """Return the request of the page after this one; `items_so_far` is None where this page had none."""
    match paging.by:
        case "link":
            target = next_link(answer.headers)
            return replace(request, url=urljoin(answer.url, target)) if target else None
        case "next":
            target = _one(paging.next, body)
            return replace(request, url=urljoin(answer.url, target)) if target else None
        case "cursor":
            cursor = _one(paging.next, body)
            return with_query(request, paging.parameter, cursor) if cursor else None
        case "page" | "offset":
            return _counted(request, paging, items_so_far)


def _counted(request: ApiRequest, paging: Paging, items_so_far: int | None) -> ApiRequest | None:
    if items_so_far is None:
        return None
    if paging.by == "offset":
        return with_query(request, paging.parameter, str((paging.start or 0) + items_so_far))
    current = next(pair.partition("=")[2] for pair in _pairs(request.url) if _is_named(pair, paging.parameter))
    return with_query(request, paging.parameter, str(int(current) + 1))


def next_link(headers: Mapping[str, str]) -> str:
    """Return the target of the `Link` header with `rel="next"`, "" when there is none."""
    import httpx

    return httpx.Response(200, headers=dict(headers)).links.get("next", {}).get("url", "")


def with_query(request: ApiRequest, name: str, value: str) -> ApiRequest:
    """Return the request with this value of a query parameter, in place of any other."""
    parts = urlsplit(request.url)
    others = [pair for pair in _pairs(request.url) if not _is_named(pair, name)]
    query = "&".join([*others, f"{quote(name, safe='')}={quote(value, safe='')}"])
    return replace(request, url=urlunsplit(parts._replace(query=query)))


def _pairs(url: str) -> list[str]:
    return [pair for pair in urlsplit(url).query.split("&") if pair]


def _is_named(pair: str, name: str) -> bool:
    return pair.partition("=")[0] == quote(name, safe="")


def _one(path: str, body: Json) -> str:
    found = select(path, body)
    value = found[0] if found else None
    return "" if value is None or value is False else str(value)


def _body(answer: ApiAnswer, number: int) -> Json:
    try:
        body: Json = answer.json()
    except ValueError as error:
        raise PagesBroken(f"page {number} is not JSON: {error}") from error
    return body
