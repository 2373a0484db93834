"""The reference is what the code says."""

import re
from pathlib import Path

from docs.generate import REFERENCE, main, pages
from repomill.settings import Settings

DOCS = REFERENCE.parent


def test_the_reference_is_what_the_code_says_now() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.iterdir()}
    assert stored == pages(), "run `python -m docs.generate`"


def test_the_pages_are_written_into_a_new_folder(tmp_path: Path) -> None:
    main(tmp_path / "reference")
    assert {path.name for path in (tmp_path / "reference").iterdir()} == set(pages())


def test_every_error_code_stands_in_the_reference_once() -> None:
    codes = re.findall(r"^\| `([a-z_]+)`", pages()["errors.md"], re.MULTILINE)
    assert len(codes) == len(set(codes)) > 40


def test_every_setting_has_a_row_in_the_settings_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(REPOMILL_\w+)`", page, re.MULTILINE))
    assert rows == {f"REPOMILL_{name.upper()}" for name in Settings.model_fields}


def test_a_pipe_in_a_text_does_not_break_a_table() -> None:
    tables = [line for text in pages().values() for line in text.splitlines() if line.startswith("|")]
    for page in pages().values():
        for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
            assert len({_columns(row) for row in table.splitlines()}) == 1
    assert tables


def _columns(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row))


def test_the_page_of_workflows_names_every_top_level_key() -> None:
    page = (DOCS / "workflows.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `(\w+)`", pages()["workflow.md"].partition("###")[0], re.MULTILINE)
    assert [key for key in keys if f"`{key}`" not in page] == []
