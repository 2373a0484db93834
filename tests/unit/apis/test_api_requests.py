"""Requests: parameters are written as OpenAPI says, checked before, and cannot leave their place."""

import json
from typing import Any

import pytest

from repomill.apis._styles import cookie_pairs, header_text, path_text, query_pairs
from repomill.apis.description import Parameter, Place
from repomill.apis.requests import ApiRequest, make_request, undescribed
from repomill.errors import ApiRequestInvalid
from tests.fakes.api_documents import document, get, parameter, post, read

LIST = ["blue", "black", "brown"]
OBJECT = {"R": 100, "G": 200}
BASE = "https://api.test/v1"


def styled(place: str, style: str, explode: bool) -> Parameter:
    return Parameter(name="color", place=Place(place), style=style, explode=explode)


@pytest.mark.parametrize(
    ("style", "explode", "value", "text"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, LIST, "blue,black,brown"),
        ("simple", False, OBJECT, "R,100,G,200"),
        ("simple", True, OBJECT, "R=100,G=200"),
        ("label", False, LIST, ".blue,black,brown"),
        ("label", True, LIST, ".blue.black.brown"),
        ("label", True, OBJECT, ".R=100.G=200"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, LIST, ";color=blue,black,brown"),
        ("matrix", True, LIST, ";color=blue;color=black;color=brown"),
        ("matrix", True, OBJECT, ";R=100;G=200"),
        ("simple", False, "a/b?c#d%é", "a%2Fb%3Fc%23d%25%C3%A9"),
        ("simple", False, True, "true"),
    ],
)
def test_a_path_is_written_in_the_style_of_its_parameter(style: str, explode: bool, value: Any, text: str) -> None:
    assert path_text(styled("path", style, explode), value) == text


@pytest.mark.parametrize(
    ("style", "explode", "value", "pairs"),
    [
        ("form", True, "blue", [("color", "blue")]),
        ("form", True, LIST, [("color", each) for each in LIST]),
        ("form", False, LIST, [("color", "blue,black,brown")]),
        ("form", True, OBJECT, [("R", "100"), ("G", "200")]),
        ("form", False, OBJECT, [("color", "R,100,G,200")]),
        ("spaceDelimited", False, LIST, [("color", "blue%20black%20brown")]),
        ("pipeDelimited", False, LIST, [("color", "blue%7Cblack%7Cbrown")]),
        ("deepObject", True, OBJECT, [("color%5BR%5D", "100"), ("color%5BG%5D", "200")]),
        ("form", True, "a&b=c", [("color", "a%26b%3Dc")]),
    ],
)
def test_a_query_is_written_in_the_style_of_its_parameter(style: str, explode: bool, value: Any, pairs: Any) -> None:
    assert query_pairs(styled("query", style, explode), value) == pairs


def test_documents_as_parameters_are_json() -> None:
    stated = Parameter(name="f", place=Place.QUERY, media_type="application/json")
    assert query_pairs(stated, {"a": 1}) == [("f", "%7B%22a%22%3A%201%7D")]
    assert path_text(stated, [1]) == "%5B1%5D"
    assert header_text(stated, [1]) == "[1]"
    reserved = Parameter(name="f", place=Place.QUERY, style="form", allow_reserved=True)
    assert query_pairs(reserved, "a/b:c") == [("f", "a/b:c")]
    assert cookie_pairs(styled("cookie", "form", True), "x y") == [("color", "x%20y")]


def stated(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


TEA = read(
    document(
        {
            "/teas/{id}": get(
                parameter("id", "path", "integer"),
                parameter("limit", kind="integer"),
                parameter("X-Trace", "header", "string"),
                parameter("session", "cookie"),
                operationId="getTea",
            ),
            "/teas": post({"$ref": "#/components/schemas/Tea"}, operationId="addTea"),
            "/upload": post(
                {"type": "object", "properties": {"f": {"type": "string"}}}, "multipart/form-data", operationId="upload"
            ),
            "/raw": post({}, "application/octet-stream", operationId="raw"),
            "/loop": post({"$ref": "#/components/schemas/Loop"}, operationId="loop"),
        },
        {
            "Tea": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "id": {"type": "integer", "readOnly": True}},
                "required": ["name", "id"],
                "additionalProperties": False,
            },
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        },
    )
)


def made(operation: str, content_type: str = "", **arguments: Any) -> ApiRequest:
    return make_request(TEA.operation(operation), TEA, BASE, arguments, content_type)


def test_a_request_has_all_its_parts() -> None:
    request = made("getTea", path={"id": 7}, query={"limit": 3}, headers={"x-trace": "t"}, cookies={"session": "s"})
    assert (request.method, request.url) == ("GET", f"{BASE}/teas/7?limit=3")
    assert dict(request.headers) == {"X-Trace": "t", "Cookie": "session=s"}


WIDE = "1234567890123456789"
INT64 = {"type": "integer", "format": "int64"}
LARGE = read(
    document(
        {
            "/teas/{id}": get(
                stated("id", "path", INT64),
                stated("after", "query", {"type": "array", "items": INT64}),
                stated("near", "query", {"anyOf": [INT64, {"type": "null"}]}),
                stated("below", "query", INT64 | {"maximum": 5}),
                stated("X-Id", "header", INT64),
                operationId="getTea",
            ),
            "/teas": post({"type": "object", "properties": {"id": INT64}}, operationId="addTea"),
        }
    )
)


def test_integers_beyond_json_are_given_as_text() -> None:
    query = {"after": [WIDE, 1], "near": f"-{WIDE}"}
    arguments: dict[str, Any] = {"path": {"id": WIDE}, "query": query, "headers": {"X-Id": WIDE}}
    request = make_request(LARGE.operation("getTea"), LARGE, BASE, arguments)
    assert request.url == f"{BASE}/teas/{WIDE}?after={WIDE}&after=1&near=-{WIDE}"
    assert dict(request.headers) == {"X-Id": WIDE}


@pytest.mark.parametrize(
    ("operation", "arguments", "fault"),
    [
        ("getTea", {"path": {"id": "12"}}, "path/id: '12' is not of type 'integer'"),
        ("getTea", {"path": {"id": f"{WIDE}.5"}}, "is not of type 'integer'"),
        ("getTea", {"path": {"id": f"0{WIDE}"}}, "is not of type 'integer'"),
        ("getTea", {"path": {"id": 1}, "query": {"below": WIDE}}, f"query/below: {WIDE} is greater than the maximum"),
        ("addTea", {"body": {"id": WIDE}}, f"body/id: '{WIDE}' is not of type 'integer'"),
    ],
)
def test_other_text_is_no_integer_and_none_in_a_body_is(operation: str, arguments: Any, fault: str) -> None:
    with pytest.raises(ApiRequestInvalid) as refusal:
        make_request(LARGE.operation(operation), LARGE, BASE, arguments)
    assert fault in str(refusal.value)


def test_null_is_not_sent() -> None:
    assert made("getTea", path={"id": 7}, query={"limit": None}).url == f"{BASE}/teas/7"


def test_what_the_server_gives_need_not_be_sent() -> None:
    assert json.loads(made("addTea", body={"name": "Assam"}).content) == {"name": "Assam"}


@pytest.mark.parametrize(
    ("operation", "arguments", "fault"),
    [
        ("getTea", {"path": {"id": "x"}}, "path/id: 'x' is not of type 'integer'"),
        ("getTea", {}, "path/id: it is required"),
        ("getTea", {"path": {"id": 1}, "query": {"limt": 1}}, "there is no parameter 'limt', did you mean 'limit'?"),
        ("getTea", {"path": {"id": 1}, "body": {}}, "arguments: there is no name 'body'"),
        ("addTea", {}, "body: it is required"),
        ("addTea", {"body": {}}, "body/name: it is required"),
        ("addTea", {"body": {"name": 1}}, "body/name: 1 is not of type 'string'"),
        ("addTea", {"body": {"name": "a", "nam": "b"}}, "there is no name 'nam', did you mean 'name'?"),
        ("addTea", {"body": {"name": "a"}, "query": {"q": 1}}, "query: there is no parameter 'q'"),
        ("getTea", {"path": {"id": 1}, "headers": {"Authorization": "x"}}, "headers/Authorization"),
        ("getTea", {"path": {"id": 1}, "headers": {"X-A": "a\r\nB: c"}}, "one line of ASCII"),
        ("getTea", {"path": {"id": 1}, "headers": {"X A": "a"}}, "one line of ASCII"),
        ("raw", {"body": 5}, "is text, or an object with `base64`"),
        ("raw", {"body": {"base64": "?"}}, "not base64"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_sent(operation: str, arguments: Any, fault: str) -> None:
    with pytest.raises(ApiRequestInvalid) as refused:
        made(operation, **arguments)
    assert fault in str(refused.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ApiRequestInvalid) as refused:
        made("getTea", path={"id": "x"}, query={"limit": "many", "nope": 1})
    assert len(refused.value.faults) == 3


def test_a_schema_that_cannot_be_used_stops_nothing() -> None:
    assert made("loop", body={"a": 1}).content == b'{"a":1}'


def test_headers_that_the_document_does_not_know_are_sent() -> None:
    assert dict(made("getTea", path={"id": 1}, headers={"If-None-Match": "x"}).headers) == {"If-None-Match": "x"}


@pytest.mark.parametrize("value", ["..", ".", ""])
def test_a_value_does_not_climb_out_of_its_path(value: str) -> None:
    operation = undescribed("GET", "/teas/{id}/leaves", {"path": {"id": value}})
    with pytest.raises(ApiRequestInvalid, match="climb"):
        make_request(operation, None, BASE, {"path": {"id": value}})


def test_without_a_document_everything_given_is_sent() -> None:
    given = {"path": {"id": "a/b"}, "query": {"q": [1, 2]}, "headers": {"X-A": "b"}, "body": {"n": 1}}
    request = make_request(undescribed("PUT", "/teas/{id}", given), None, BASE, given)
    assert request.url == f"{BASE}/teas/a%2Fb?q=1&q=2"
    assert dict(request.headers) == {"X-A": "b", "Content-Type": "application/json"}
    with pytest.raises(ApiRequestInvalid, match="path/id"):
        make_request(undescribed("GET", "/teas/{id}", {}), None, BASE, {})


def test_equal_forms_with_files_are_equal_bytes() -> None:
    body = {"f": {"filename": "a.txt", "base64": "aGk=", "content_type": "text/plain"}, "n": 1}
    first, second = made("upload", body=body), made("upload", body=body)
    assert first == second
    assert b'filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\n' in first.content


def test_other_bodies_are_text_or_base64() -> None:
    assert made("raw", body="hé").content == "hé".encode()
    assert made("raw", body={"base64": "/w=="}).canonical() == {
        "method": "POST",
        "url": f"{BASE}/raw",
        "headers": {"content-type": "application/octet-stream"},
        "body": {"base64": "/w=="},
    }


def test_a_form_is_an_object() -> None:
    with pytest.raises(ApiRequestInvalid, match="object"):
        made("upload", body=["a"])
    request = made("raw", "application/x-www-form-urlencoded", body={"a": "b c", "n": [1, 2]})
    assert request.content == b"a=b+c&n=1&n=2"


def test_only_what_may_be_repeated_says_so() -> None:
    assert made("getTea", path={"id": 1}).is_repeatable
    unsafe = made("addTea", body={"name": "a"})
    assert (unsafe.is_repeatable, unsafe.with_key("k").is_repeatable, unsafe.with_key("")) == (False, True, unsafe)
    own = made("addTea", body={"name": "a"}, headers={"Idempotency-Key": "mine"})
    assert own.with_key("k") is own
