"""What is printed: data on standard output, as text or JSON."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from cli.boundary import error_boundary
from cli.output import Format, as_json_line, print_facts, print_rows, print_text
from repomill.errors import GitMissing, PlaceUnusable, ProjectNotReady

Captured = pytest.CaptureFixture[str]

FACTS = {
    "id": UUID(int=1),
    "at": datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    "cost": Decimal("0.10"),
    "path": Path("/a"),
    "nothing": None,
    "more": {"name": "Zürich"},
}


def test_json_keeps_every_value(capsys: Captured) -> None:
    print_facts(FACTS, Format.JSON)
    assert json.loads(capsys.readouterr().out) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-21T12:00:00+00:00",
        "cost": "0.10",
        "path": "/a",
        "nothing": None,
        "more": {"name": "Zürich"},
    }
    assert json.loads(as_json_line(FACTS))["cost"] == "0.10"


def test_text_has_a_line_for_each_fact(capsys: Captured) -> None:
    print_facts({"flow_run": None, "inputs": {"name": "Zürich"}}, Format.TEXT)
    assert capsys.readouterr().out == 'flow run  -\ninputs    {"name": "Zürich"}\n'


def test_lists_read_as_people_write_them(capsys: Captured) -> None:
    print_facts({"faults": [], "kept": ["before-1", "before-2"], "rows": [{"a": 1}]}, Format.TEXT)
    assert capsys.readouterr().out == 'faults  -\nkept    before-1, before-2\nrows    [{"a": 1}]\n'


def test_text_ends_with_one_line_break(capsys: Captured) -> None:
    for text in ("flowchart TD", "flowchart TD\n"):
        print_text(text)
        assert capsys.readouterr().out == "flowchart TD\n"


def test_rows_in_a_pipe_are_never_cut(capsys: Captured) -> None:
    print_rows([{"path": "x" * 300, "file_size": 7}], Format.TEXT, empty="")
    out = capsys.readouterr().out
    assert "x" * 300 in out
    assert "file size" in out


def test_markup_in_data_is_data(capsys: Captured) -> None:
    print_rows([{"path": "[bold]a[/bold]"}], Format.TEXT, empty="")
    assert "[bold]a[/bold]" in capsys.readouterr().out


def test_no_rows_are_an_empty_list_or_a_sentence(capsys: Captured) -> None:
    print_rows([], Format.JSON, empty="Nothing.")
    assert capsys.readouterr() == ("[]\n", "")
    print_rows([], Format.TEXT, empty="Nothing.")
    assert capsys.readouterr() == ("", "Nothing.\n")


def test_what_json_cannot_hold_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError, match="set is not printed"):
        print_facts({"odd": {1}}, Format.JSON)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (GitMissing(), 3, "error: Git is not installed, or not on PATH.\nhint:  Install Git"),
        (ProjectNotReady("x", "failed"), 2, "error: Project x is failed"),
        (
            PermissionError(13, "Permission denied", "/srv/x"),
            3,
            "error: /srv/x cannot be used: Permission denied.\nhint:",
        ),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_an_error_becomes_words_and_a_code(error: BaseException, code: int, said: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end, error_boundary():
        raise error
    captured = capsys.readouterr()
    assert (end.value.code, captured.out) == (code, "")
    assert captured.err.startswith(said)


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), error_boundary():
        print(1 // 0)  # noqa: T201
    with pytest.raises(OSError, match="no file"), error_boundary():
        raise OSError("no file is to blame")


def test_a_place_that_cannot_be_used_is_for_a_person_to_mend() -> None:
    assert PlaceUnusable("/x", "No space left on device").exit_code == 3


def test_people_read_words_and_plain_numbers(capsys: Captured) -> None:
    facts = {"mocks": False, "new": True, "none": Decimal("0E-10"), "cost": Decimal("0.0012300000")}
    print_facts(facts, Format.TEXT)
    assert capsys.readouterr().out == "mocks  no\nnew    yes\nnone   0\ncost   0.00123\n"


def test_programs_read_numbers_without_exponents() -> None:
    assert json.loads(as_json_line({"cost": Decimal("0E-10"), "new": True})) == {"cost": "0.0000000000", "new": True}
