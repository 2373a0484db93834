"""Two versions of an API: what was added, removed or changed, and what breaks whoever calls it."""

from typing import Any

import pytest

from repomill.apis.changes import ChangeKind, changes
from repomill.apis.description import ApiDescription
from repomill.apis.page import change_lines, endpoints_page
from tests.fakes.api_documents import document, get, parameter, post, read

TEA: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}
REF = {"$ref": "#/components/schemas/Tea"}


def compared(before: dict[str, Any], after: dict[str, Any], old: Any = TEA, new: Any = TEA) -> list[str]:
    found = changes(read(document(before, {"Tea": old})), read(document(after, {"Tea": new})))
    return change_lines(found)


def test_equal_documents_have_no_changes() -> None:
    assert compared({"/a": get()}, {"/a": get()}) == []


def test_operations_come_and_go() -> None:
    assert compared({"/a": get()}, {"/b": get()}) == ["removed GET /a: breaking, it is gone", "added GET /b"]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (get(), get(parameter("q")), ""),
        (get(), get(summary="words"), ""),
        (get(), get(deprecated=True), ""),
        (get(), get(parameter("q", required=True)), "query/q is required now"),
        (get(parameter("q")), get(), "query/q is gone"),
        (get(parameter("q")), get(parameter("q", kind="integer")), "query/q has another type"),
        (get(operationId="a"), get(operationId="b"), "it was called a"),
        (get(), get(responses={"204": {"description": ""}}), "the answer 200 is gone"),
        (post(TEA), post(TEA | {"required": ["name"]}), "body/name is required now"),
        (post(TEA), post(TEA, "text/plain"), "application/json is not taken any more"),
        (post(TEA, requestBody={"content": {}}), post(TEA), "the body is required now"),
        (post(TEA), {"post": {"responses": {"201": {"description": "made"}}}}, "the body is gone"),
    ],
)
def test_a_change_says_whether_it_breaks(before: Any, after: Any, reason: str) -> None:
    (line,) = compared({"/a": before}, {"/a": after})
    assert line.startswith(("changed GET /a", "changed POST /a"))
    assert (f"breaking, {reason}" in line or line.endswith(reason)) if reason else "breaking" not in line


def test_a_changed_shared_schema_changes_the_operations_that_reach_it() -> None:
    paths = {"/a": post(REF), "/b": get()}
    assert compared(paths, paths, TEA, TEA | {"required": ["name"]}) == [
        "changed POST /a: breaking, body/name is required now"
    ]


KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


def described(*servers: str, **schemes: Any) -> ApiDescription:
    listed = [{"url": url} for url in servers]
    return read(document({"/a": get()}, servers=listed, components={"securitySchemes": schemes}))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (
            described("https://a.test"),
            described("https://b.test"),
            ["removed server https://a.test: breaking, it is gone", "added server https://b.test"],
        ),
        (
            described("https://a.test", "https://b.test"),
            described("https://b.test", "https://a.test"),
            ["changed server https://b.test: breaking, it stands first now, so calls go there"],
        ),
        (
            described(key=KEY),
            described(key=KEY | {"in": "query"}),
            ["changed security scheme key: breaking, credentials are given in another way"],
        ),
        (described(key=KEY), described(key=KEY | {"description": "words"}), ["changed security scheme key"]),
        (
            described(key=KEY),
            described(token={"type": "http", "scheme": "bearer"}),
            ["removed security scheme key: breaking, it is gone", "added security scheme token"],
        ),
    ],
)
def test_another_base_url_and_other_credentials_are_changes(
    before: ApiDescription, after: ApiDescription, lines: list[str]
) -> None:
    assert change_lines(changes(before, after)) == lines
    assert change_lines(changes(after, after)) == []


def test_the_page_shows_every_endpoint_and_no_markup_of_the_document() -> None:
    tea = read(document({"/a|b": get(parameter("q", required=True), summary="<script>\n|x", operationId="tea")}))
    page = endpoints_page("shop", tea, changes(read(document({})), tea))
    assert "| GET | `/a\\|b` | `tea` | &lt;script> \\|x |" in page
    assert "| `q` | query | string | yes |" in page
    assert "- added GET /a\\|b" in page


def test_a_large_api_has_the_table_only() -> None:
    page = endpoints_page("shop", read(document({f"/p{n}": get() for n in range(200)})))
    assert page.count("| GET |") == 200
    assert "###" not in page


def test_kinds_are_words() -> None:
    assert [kind.value for kind in ChangeKind] == ["added", "removed", "changed"]
