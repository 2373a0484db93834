"""Which lines count as code that a model left out."""

import pytest

from repomill.trees.policy.placeholders import MAX_HITS, find_placeholders
from tests.unit.policy.placeholder_phrases import LEGITIMATE, PLACEHOLDERS


@pytest.mark.parametrize(("path", "line"), PLACEHOLDERS)
def test_a_placeholder_is_found_with_its_line(path: str, line: str) -> None:
    hits = find_placeholders(path, f"first\n\n{line}\nlast\n".encode())
    assert [hit.line for hit in hits] == [3]


@pytest.mark.parametrize(("path", "line"), LEGITIMATE)
def test_an_ordinary_line_is_no_placeholder(path: str, line: str) -> None:
    assert find_placeholders(path, f"first\n\n{line}\nlast\n".encode()) == []


def test_the_tables_are_large_and_say_each_thing_once() -> None:
    assert len(set(PLACEHOLDERS)) == len(PLACEHOLDERS) >= 60
    assert len(set(LEGITIMATE)) == len(LEGITIMATE) >= 60


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '"""Summary.\n\nrest of the code unchanged\n"""\n'),
        ("a.js", "/*\n\n * rest of the code unchanged\n */\n"),
        ("a.html", "<!--\n\nrest of the content unchanged\n-->\n"),
    ],
)
def test_a_comment_of_several_lines_is_looked_into(path: str, text: str) -> None:
    assert [hit.line for hit in find_placeholders(path, text.encode())] == [3]


def test_a_line_after_a_closed_comment_is_not_in_it() -> None:
    assert find_placeholders("a.js", b"/* x */\nrest of the code unchanged\n/* y */\n") == []


def test_the_message_quotes_nothing_of_the_file() -> None:
    (hit,) = find_placeholders("a.py", b"x = 1  # rest of the code omitted, key hunter2\n")
    assert hit.message == "A comment says that code is left out here."


def test_text_in_utf_16_and_with_windows_line_ends_is_read() -> None:
    assert [hit.line for hit in find_placeholders("a.ps1", "a\r\n# existing code\r\n".encode("utf-16"))] == [2]


def test_binary_files_have_no_placeholders() -> None:
    assert find_placeholders("a.py", b"\0\n# existing code\n") == []


def test_very_long_lines_are_left_out() -> None:
    assert find_placeholders("a.js", b"x" * 2000 + b" // existing code\n") == []


def test_long_comments_are_no_placeholders() -> None:
    assert find_placeholders("a.py", b"# rest of the code: " + b"unchanged" * 20) == []


def test_a_file_full_of_placeholders_reports_some_of_them() -> None:
    assert len(find_placeholders("a.py", b"# existing code\n" * 500)) == MAX_HITS


@pytest.mark.parametrize("line", ["rest of the code unchanged", "# " + "the rest of " * 12, "# " + "a " * 75 + "here"])
def test_hostile_lines_cost_little(line: str) -> None:
    """Far below the timeout of a test, though no line is a hit."""
    assert find_placeholders("a.py", (line + "\n").encode() * 20_000) == []
