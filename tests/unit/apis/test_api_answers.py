"""Answers: kept without what lets others act as us, and read as their type says."""

import pytest
from pydantic import SecretStr

from repomill.apis.answers import ApiAnswer
from repomill.apis.responses import response_faults
from repomill.apis.source import ApiSource, Bearer
from tests.fakes.api_documents import document, read

SOURCE = ApiSource(name="a", block="a", auth=Bearer(token=SecretStr("token-of-tests")))


def answer(content: bytes = b"", media_type: str = "application/json", status: int = 200, **headers: str) -> ApiAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiAnswer(status, {"content-type": media_type, **named}, content, "https://api.test/a")


@pytest.mark.parametrize(
    ("content", "media_type", "value"),
    [
        (b'{"a": 1}', "application/problem+json; charset=utf-8", {"a": 1}),
        (b"\xef\xbb\xbf[1]", "application/json", [1]),
        (b"gr\xfc\xdfe", "text/plain; charset=ISO-8859-1", "grüße"),
        (b"x\xff", "text/html; charset=nonsense", "x\ufffd"),
        (b"<a/>", "application/xml", "<a/>"),
        (b"\x00\xff", "image/png", {"base64": "AP8="}),
        (b"", "application/json", None),
    ],
)
def test_an_answer_is_read_as_its_type_says(content: bytes, media_type: str, value: object) -> None:
    assert answer(content, media_type).value() == value


@pytest.mark.parametrize("content", [b"{nope", b"NaN", b"1e999", b"\xff"])
def test_json_that_is_none_is_told(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|decode"):
        answer(content).value()


@pytest.mark.parametrize("content", [b'{"a": 1}', b"\x00\xff"])
def test_what_is_kept_comes_back_without_cookies(content: bytes) -> None:
    given = answer(content, etag="x", set_cookie="session=secret")
    assert "secret" not in str(given.stored())
    assert ApiAnswer.of(given.stored()) == answer(content, etag="x")


@pytest.mark.parametrize("stored", [{}, {"status": 1, "headers": {}, "url": "", "body": 3}, {"body": {"text": "a"}}])
def test_what_was_never_kept_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no answer of an API"):
        ApiAnswer.of(stored)


def test_an_excerpt_is_one_short_line() -> None:
    assert answer(b"a\n b " * 1000).excerpt(SOURCE).startswith("a b a b")
    assert len(answer(b"x" * 1000).excerpt(SOURCE)) == 500
    assert answer().excerpt(SOURCE) == "no content"


def test_an_excerpt_quotes_no_secret_that_was_sent_also_where_it_is_cut() -> None:
    said = answer(b"x" * 490 + b" token-of-tests is wrong").excerpt(SOURCE)
    assert said == "x" * 490 + " *** is wr"


TEA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
DESCRIBED = read(
    document(
        {
            "/a": {
                "get": {
                    "responses": {
                        "200": {"description": "", "content": {"application/json; v=1": {"schema": TEA}, "text/*": {}}},
                        "4XX": {"description": "no content"},
                    }
                }
            }
        }
    )
)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (answer(b'{"id": 1}'), ""),
        (answer(b'{"id": "x"}'), "id: 'x' is not of type 'integer'"),
        (answer(b"{}"), "'id' is a required property"),
        (answer(b"{"), "not JSON"),
        (answer(b"x", "text/plain"), ""),
        (answer(b"x", "image/png"), "no answer of type image/png"),
        (answer(b"gone", "text/plain", 404), ""),
        (answer(b"", status=500), "no answer with status 500"),
    ],
)
def test_an_answer_is_compared_with_what_the_document_promises(given: ApiAnswer, fault: str) -> None:
    found = response_faults(DESCRIBED.operations[0], DESCRIBED, given)
    assert (fault in "; ".join(found)) if fault else found == ()
