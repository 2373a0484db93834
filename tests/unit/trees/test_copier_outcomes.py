"""How rendering by Copier can end, and what is said of it; here without a process of its own."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repomill.trees.scaffolds._child import Reply, Request, outcome
from tests.fakes.copier_templates import write_template

# Copier leaves a folder it was listing open when rendering fails; the process that renders ends then.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


def outcome_of(folder: Path, files: dict[str, str | bytes], **answers: Any) -> Reply:
    write_template(folder / "template", files)
    request = Request(
        destination=str(folder / "out"),
        address="template",
        ref="",
        commit="",
        version="",
        answers=answers,
        allow=[],
        memory=1,
        cpu=1,
        file_size=1,
    )
    return outcome(request, folder)


@pytest.mark.parametrize(
    ("question", "answers", "said"),
    [
        ("name: {type: str}", {}, "'name' has no default and no answer"),
        ("name: {type: str, default: x}", {"nam": "y"}, "it has no question 'nam', did you mean 'name'?"),
        ("cups: {type: int, default: 1}", {"cups": "many"}, "'cups': invalid literal"),
        ("kind: {type: str, default: a, choices: [a, b]}", {"kind": "c"}, "'kind': Invalid choice"),
        ("n: {type: int, default: 1, validator: '{% if n > 3 %}too many{% endif %}'}", {"n": 4}, "too many"),
        ("name: {type: str}", {"name": None}, "'name': Invalid answer"),
    ],
)
def test_answers_that_do_not_fit_name_their_question(
    tmp_path: Path, question: str, answers: dict[str, Any], said: str
) -> None:
    [problem] = outcome_of(tmp_path, {"copier.yml": question + "\n", "a": ""}, **answers)["answers"]
    assert said in problem
    assert str(tmp_path) not in problem


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"copier.yml": "a: [", "x": ""}, "copier.yml"),
        ({"copier.yml": "", "copier.yaml": ""}, "more than one copier.yml"),
        ({"copier.yml": "_min_copier_version: 99.0.0\na: 1\n", "x": ""}, "requires Copier version"),
        ({"a.txt.jinja": "one\n{% if %}"}, "a.txt.jinja, line 2: Expected an expression"),
        ({"a.txt.jinja": "one\n{{ 1 / 0 }}"}, "a.txt.jinja, line 2: division by zero"),
        ({"a.txt.jinja": "{{ ''.__class__.__mro__ }}"}, "unsafe"),
        ({"a.txt.jinja": "{% include '../../request.json' %}"}, "request.json"),
        ({"copier.yml": "_subdirectory: ../..\n"}, '"../.." is forbidden'),
        ({"copier.yml": "up: ../../..\n", "{{ up }}x": ""}, '"../../..x" is forbidden'),
        ({"copier.yml": "a: {type: str, default: '{{ 1 / 0 }}'}\n"}, "'a'"),
        ({"copier.yml": "_external_data: {x: /etc/passwd}\n", "a.jinja": "{{ _external_data.x }}"}, "/etc/passwd"),
    ],
)
def test_a_template_that_is_wrong_is_named_with_the_place(
    tmp_path: Path, files: dict[str, str | bytes], said: str
) -> None:
    assert said in outcome_of(tmp_path, files)["failed"]


def test_what_was_left_out_is_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"copier.yml": "_tasks: [touch made]\nname: tea\n", "a.jinja": "{{ name }}"}
    assert outcome_of(tmp_path, files, name="coffee") == {"skipped": ["tasks"]}
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["coffee"]


def test_extensions_are_not_even_imported(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"copier.yml": "_jinja_extensions: [absent.X]\n", "a": ""}
    assert outcome_of(tmp_path, files) == {"needs": ["extensions"]}


def test_commit_and_tag_of_a_repository_are_what_templates_see(tmp_path: Path) -> None:
    write_template(tmp_path / "template", {"a.jinja": "{{ _copier_answers }} {{ _copier_conf.vcs_ref_hash }}"})
    request = Request(str(tmp_path / "out"), "gh:tea/pot", "v1", "abc", "v1-2-gabc", {}, [], 1, 1, 1)
    outcome(request, tmp_path)
    assert (tmp_path / "out" / "a").read_text() == "{'_commit': 'v1-2-gabc', '_src_path': 'gh:tea/pot'} abc"
