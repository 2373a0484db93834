"""The `input` node: files as text, JSON, YAML, CSV or files of the tree; changed files change the node's key."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from repomill.errors import InputFileUnreadable
from repomill.input_files.port import FoundFile, Wanted
from repomill.input_files.roots import Roots
from repomill.nodes.input import Input
from repomill.testing import Case, conformance, run_node
from repomill.testing.checks import Check


class Folder:
    """The `InputFiles` port over one folder."""

    def __init__(self, folder: Path) -> None:
        self._roots = Roots((folder,))

    async def gather(self, node: str, wanted: Wanted) -> tuple[FoundFile, ...]:
        return self._roots.gather(node, wanted)


class Fixed:
    """The port with one file."""

    async def gather(self, node: str, wanted: Wanted) -> tuple[FoundFile, ...]:
        return (FoundFile("a.json", b'{"a": 1}'),)


def case(allowed: Path, **entry: Any) -> Case:
    config = {"files": [{"name": "given", **entry}]}
    return Case(config, ports={"input_files": Folder(allowed)}, scope={"inputs": {"name": "tea"}})


def content(folder: Path, form: str, text: str | bytes) -> Any:
    (folder / "file").write_bytes(text.encode() if isinstance(text, str) else text)
    output: Any = run_node(Input(), case(folder, path="file", **{"as": form})).output
    return output["files"]["given"]["content"]


@pytest.mark.parametrize(
    "check",
    conformance(
        Input(),
        Case({"files": [{"name": "a", "path": "a.json", "as": "json"}]}, ports={"input_files": Fixed()}, name="json"),
        Case({"files": [{"name": "a", "glob": "*", "as": "file"}]}, ports={"input_files": Fixed()}, name="tree"),
    ),
    ids=str,
)
def test_the_node_conforms(check: Check) -> None:
    check()


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        ("text", "grün\n", "grün\n"),
        ("text", "\ufeffmarked", "marked"),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("yaml", "a: [1, x]\nb: 2026-05-01\n", {"a": [1, "x"], "b": "2026-05-01"}),
        ("json", "[12345678901234567890, 9007199254740991]", ["12345678901234567890", 9007199254740991]),
        ("yaml", "on: yes\nat: 12:30:45\n", {"on": "yes", "at": "12:30:45"}),
        ("yaml", "{1: 010, 0x10: 0o10, ~: ~, 1.5: 1e3}", {"1": 10, "0x10": 8, "~": None, "1.5": 1000.0}),
        ("yaml", "id: 12345678901234567890", {"id": "12345678901234567890"}),
        ("yaml", "text: |\n  a\n  b\nsame: '1'\n", {"text": "a\nb\n", "same": "1"}),
        ("yaml", "", None),
        ("csv", 'a,b\n1,"x, y"\n', [{"a": "1", "b": "x, y"}]),
        ("csv", "", []),
    ],
)
def test_contents_become_values(tmp_path: Path, form: str, text: str, value: Any) -> None:
    assert content(tmp_path, form, text) == value


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", b"\xff\xfe"),
        ("json", "{"),
        ("json", "NaN"),
        ("json", "[" * 100_000),
        ("json", "[1e999]"),
        ("yaml", "a: ["),
        ("yaml", "a: .nan"),
        ("yaml", "a: -.inf"),
        ("yaml", "a: 1e999"),
        ("yaml", "1: a\n'1': b"),
        ("yaml", "[a]: b"),
        ("yaml", "a\n---\nb"),
        ("yaml", "[" * 100_000),
        ("yaml", "a: &x 1\nb: *x"),
        ("yaml", "!!python/object/apply:os.system [id]"),
        ("yaml", "!!binary aGk="),
        ("csv", "a,a\n1,2\n"),
        ("csv", "a,b\n1\n"),
        ("csv", "a\n1,2\n"),
        ("csv", 'a\n"x\n'),
    ],
)
def test_contents_that_are_something_else(tmp_path: Path, form: str, text: str | bytes) -> None:
    with pytest.raises(InputFileUnreadable) as refusal:
        content(tmp_path, form, text)
    assert (refusal.value.node, refusal.value.path) == ("node_under_test", "file")


def test_files_join_the_inputs_in_the_output(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("hi")
    output: Any = run_node(Input(), case(tmp_path, glob="*.md")).output
    [found] = output["files"]["given"]
    assert (output["name"], found["path"], found["size"], found["content"]) == ("tea", "a.md", 2, "hi")
    assert found["digest"].startswith("sha256:")


def test_files_join_the_tree(tmp_path: Path) -> None:
    (tmp_path / "logo").mkdir()
    (tmp_path / "logo" / "x.png").write_bytes(b"\x89PNG\0")
    ran = run_node(Input(), case(tmp_path, folder="logo", into="assets", **{"as": "file"}))
    output: Any = ran.output
    assert [(file.path, file.content) for file in ran.files] == [("assets/x.png", b"\x89PNG\0")]
    assert output["files"]["given"][0].keys() == {"path", "size", "digest"}


def test_a_changed_file_is_other_work(tmp_path: Path) -> None:
    config = Input.config_model.model_validate({"files": [{"name": "all", "glob": "*"}]})
    seen = []
    for text in ("one", "two", "one"):
        (tmp_path / "a").write_text(text)
        seen.append(asyncio.run(Input().input_digests(config, "start", Folder(tmp_path))))
    assert seen[0] == seen[2] != seen[1]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"name": "a"}], "give one of path, glob, folder, artifact"),
        ([{"name": "a", "path": "x", "glob": "y"}], "give one of"),
        ([{"name": "a", "path": ""}], "at least 1 character"),
        ([{"name": "a", "path": "x", "into": "y"}], "'into' goes with"),
        ([{"name": "a", "path": "x", "as": "xml"}], "'text'"),
        ([{"name": "a", "path": "x", "max_bytes": 0}], "greater than 0"),
        ([{"name": "a b", "path": "x"}], "pattern"),
        ([{"name": "a", "path": "x"}, {"name": "a", "path": "y"}], "two entries of 'files' are called 'a'"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(entries: list[Any], said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Input.config_model.model_validate({"files": entries})
    assert said in str(refusal.value)
