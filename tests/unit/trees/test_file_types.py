import pytest
from hypothesis import given
from hypothesis import strategies as st

from repomill.trees.file_types import file_type, preview


@pytest.mark.parametrize(
    ("path", "head", "word"),
    [
        ("src/a.py", b"", "python"),
        ("a.js", b"", "javascript"),
        ("README.md", b"", "markdown"),
        ("a.json", b"", "json"),
        ("Dockerfile", b"", "dockerfile"),
        ("pyproject.toml", b"", "toml"),
        ("a.sh", b"", "shell"),
        ("a.svg", b"", "svg"),
        ("a.png", b"\x89PNG\0", "png"),
        ("a.exe", b"MZ", "binary"),
        ("notes.txt", b"hi", "text"),
        ("LICENSE", b"", "text"),
        ("bin/tool", b"#!/usr/bin/env python3\n", "python"),
        ("bin/tool", b"#!/no/such/thing\n", "text"),
        ("data", b"\0\1\2", "binary"),
        ("data", b"words", "text"),
        ("python", b"", "text"),
    ],
)
def test_a_file_has_one_word_for_its_type(path: str, head: bytes, word: str) -> None:
    assert file_type(path, head) == word


def test_a_preview_is_the_first_thousand_characters() -> None:
    assert preview("日".encode() * 5000) == "日" * 1000


def test_a_character_cut_by_the_end_of_the_head_is_left_out() -> None:
    assert preview(b"a" + "\U0001f600".encode() * 9, limit=2) == "a\U0001f600"


def test_a_binary_file_has_no_preview() -> None:
    assert preview(b"\x89PNG\0\0") == ""


def test_text_of_another_encoding_shows_where_it_is_damaged() -> None:
    assert preview("café".encode("latin-1")) == "caf\N{REPLACEMENT CHARACTER}"


@given(st.binary(max_size=5000), st.integers(0, 2000))
def test_a_preview_is_short_has_no_nul_and_is_unicode(content: bytes, limit: int) -> None:
    shown = preview(content, limit)
    assert len(shown) <= limit
    assert "\0" not in shown
    assert shown.encode().decode() == shown


def test_a_nul_late_in_a_text_is_left_out() -> None:
    assert preview(b"a" * 1024 + b"\0b", limit=2000) == "a" * 1024 + "b"
