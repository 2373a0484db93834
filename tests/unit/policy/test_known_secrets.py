"""The run's own secrets are found whatever they look like."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from repomill.trees.policy.known_secrets import KnownSecrets

SECRET = "p@ss/wörd+ 1?"


def lines(content: bytes, *secrets: str) -> list[int]:
    known = KnownSecrets([SecretStr(secret) for secret in secrets or (SECRET,)])
    return [finding.line for finding in known.check("a.txt", content)]


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        "p%40ss%2fw%c3%b6rd%2b%201%3f",
        quote_plus(SECRET),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_each_spelling_is_found(spelling: str) -> None:
    assert lines(f"first\nvalue: {spelling}\n".encode()) == [2]


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(3))
def test_a_secret_is_found_at_any_place_of_a_base64_text(before: int, after: int) -> None:
    assert lines(base64.b64encode(b"u" * before + SECRET.encode() + b"v" * after)) == [1]


def test_a_secret_is_found_in_utf_16() -> None:
    assert lines(f"a\n{SECRET}".encode("utf-16")) == [2]


def test_a_secret_is_reported_once_a_file_at_its_first_plain_place() -> None:
    assert lines(f"{quote(SECRET, safe='')}\n\n{SECRET}\n{SECRET}".encode()) == [3]


def test_each_secret_has_its_finding() -> None:
    assert lines(b"b: second-secret\na: first-secret\n", "first-secret", "second-secret", "third-secret") == [2, 1]


def test_the_same_secret_given_twice_counts_once() -> None:
    assert lines(b"first-secret", "first-secret", "first-secret") == [1]


@pytest.mark.parametrize("secret", ["", "a", "short"])
def test_very_short_secrets_are_left_out(secret: str) -> None:
    assert lines(b"a short text", secret) == []


def test_other_text_is_not_found() -> None:
    assert lines(SECRET[:-1].encode()) == []


def test_a_finding_blocks_and_does_not_hold_the_secret() -> None:
    (finding,) = KnownSecrets([SecretStr("hunter2-hunter2")]).check("a/b.txt", b"x hunter2-hunter2")
    assert (finding.code, finding.path, finding.action) == ("known_secret", "a/b.txt", "block")
    assert finding.message == "Holds a secret that this run was given: hu… (15 characters)."


def test_of_a_short_secret_no_character_is_shown() -> None:
    (finding,) = KnownSecrets([SecretStr("abc123")]).check("a", b"abc123")
    assert "ab" not in finding.message.removeprefix("Holds")


def test_a_path_that_holds_a_secret_blocks_and_is_not_named() -> None:
    (finding,) = KnownSecrets([SecretStr("hunter2-hunter2")]).check_path("keys/hunter2-hunter2.txt")
    assert (finding.path, finding.action) == ("", "block")
    assert finding.message == "A path holds a secret that this run was given: hu… (15 characters)."
