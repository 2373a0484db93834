"""Texts of documents: JSON and YAML alike, within bounds, and told in words when they cannot be read."""

import pytest

from repomill.apis.documents import Bounds, read_document
from repomill.errors import ApiDocumentInvalid, ApiDocumentTooLarge

SMALL = Bounds(size=10_000, depth=20, values=1_000)


def test_json_and_yaml_give_the_same() -> None:
    yaml = b"openapi: 3.1.0\nresponses:\n  200: {ok: true, at: 2026-01-01, half: 1e3}\n"
    json = b'{"openapi": "3.1.0", "responses": {"200": {"ok": true, "at": "2026-01-01", "half": 1000.0}}}'
    assert read_document(yaml, "a.yaml") == read_document(json, "a.json")


def test_a_byte_order_mark_is_no_content() -> None:
    assert read_document(b"\xef\xbb\xbf{}", "a.json") == {}


def test_flow_style_yaml_that_looks_like_json_is_yaml() -> None:
    assert read_document(b"{openapi: 3.1.0}", "https://api.test/spec") == {"openapi": "3.1.0"}


@pytest.mark.parametrize(
    ("content", "location", "reason"),
    [
        (b"{nope", "a.json", "it is not JSON"),
        (b"{nope", "a", "line 2, column 1"),
        (b"a: [1", "a.yaml", "neither JSON nor YAML"),
        (b"a: !!python/object:os.system x", "a.yaml", "neither JSON nor YAML"),
        (b"\xff\xfe", "a.yaml", "byte 0"),
        (b"a: .nan", "a.yaml", "what JSON cannot"),
        (b'{"a": NaN}', "a.json", "NaN is not JSON"),
        (b'{"a": "\\u0000"}', "a.json", "NUL"),
        (b'{"a": "\\ud800"}', "a.json", "what JSON cannot"),
        (b"? [1, 2]\n: a", "a.yaml", "neither JSON nor YAML"),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, location: str, reason: str) -> None:
    with pytest.raises(ApiDocumentInvalid, match=reason):
        read_document(content, location)


def test_an_error_quotes_nothing_of_the_text() -> None:
    with pytest.raises(ApiDocumentInvalid) as refused:
        read_document(b"secret: [token-1234", "/etc/thing.yaml")
    assert "token" not in str(refused.value)


def test_a_backslash_before_u0000_is_a_text() -> None:
    assert read_document(b'{"a": "\\\\u0000"}', "a.json") == {"a": "\\u0000"}


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b"{a: " * 200_000,
        b"- " * 5_000 + b"x",
        b'{"a":' * 100_000,
        b"[" * 22 + b"]" * 22,
        b"x" * 10_001,
        b"[" + b"1," * 1_001 + b"1]",
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (ord("a") + n, ord("a") + n, b",".join([b"*%c" % (ord("a") + n - 1)] * 10))
            for n in range(1, 10)
        ),
        b"a: &a [*a]",
    ],
    ids=["brackets", "braces", "dashes", "json", "depth", "bytes", "values", "milliards of laughs", "circle"],
)
def test_bombs_are_refused(content: bytes) -> None:
    bounds = Bounds(size=len(content), depth=20, values=1_000) if len(content) > 10_001 else SMALL
    with pytest.raises(ApiDocumentTooLarge):
        read_document(content, "a.yaml", bounds)
