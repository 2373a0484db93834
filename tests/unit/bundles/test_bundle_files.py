"""Bundles as files: whole, of this format, and unchanged, or refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from repomill.bundles.archive import read_bundle, template_path, write_bundle
from repomill.bundles.contents import Contents, SourceFacts
from repomill.errors import BundleUnreadable
from repomill.trees.pack import pack_file, read_pack
from repomill.trees.tree import TreeFile

CONTENTS = Contents(
    execution="e1",
    recorded_at=datetime(2026, 11, 21, tzinfo=UTC),
    workflow="tea",
    workflow_digest="sha256:aa",
    api_version="repomill/v1",
    definition={"name": "tea"},
    source_text="name: tea\n",
    project="tea",
    inputs={"cups": 3},
    status="completed",
    sources={"main": SourceFacts(model="m")},
)

Edit = Callable[[dict[str, bytes]], Any]


def written(folder: Path, name: str = "one") -> Path:
    (files := folder / name / "calls").mkdir(parents=True)
    (files / "000001.json").write_text('{"node": "a"}')
    write_bundle(CONTENTS, files.parent, folder / f"{name}.bundle")
    return folder / f"{name}.bundle"


def edited(bundle: Path, edit: Edit) -> Path:
    with bundle.open("rb") as source:
        files = {file.path: file.content for file in read_pack(source)}
    edit(files)
    pack_file([TreeFile(path, content) for path, content in files.items()], bundle)
    return bundle


def restated(**facts: Any) -> Edit:
    def edit(files: dict[str, bytes]) -> None:
        files["bundle.json"] = json.dumps(json.loads(files["bundle.json"]) | facts).encode()

    return edit


def why_refused(bundle: Path, folder: Path) -> str:
    (out := folder / "out").mkdir()
    with pytest.raises(BundleUnreadable) as refused:
        read_bundle(bundle, out)
    return refused.value.reason


def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (out := tmp_path / "out").mkdir()
    found = read_bundle(written(tmp_path), out)
    assert found.model_copy(update={"files": {}}) == CONTENTS
    assert list(found.files) == ["calls/000001.json"]
    assert (out / "calls/000001.json").read_text() == '{"node": "a"}'


def test_equal_bundles_have_equal_bytes(tmp_path: Path) -> None:
    assert written(tmp_path, "one").read_bytes() == written(tmp_path, "two").read_bytes()


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda files: files.update({"calls/000001.json": b"{}"}), "calls/000001.json was changed"),
        (lambda files: files.pop("calls/000001.json"), "calls/000001.json is missing"),
        (lambda files: files.update({"more": b""}), "more does not belong to it"),
        (lambda files: files.pop("bundle.json"), "it has no bundle.json"),
        (restated(format=2), "its format is 2"),
        (restated(inputs=7), "bundle.json, inputs"),
        (lambda files: files.update({"bundle.json": b"no"}), "bundle.json"),
    ],
)
def test_what_was_changed_is_refused_with_its_place(tmp_path: Path, edit: Edit, reason: str) -> None:
    assert reason in why_refused(edited(written(tmp_path), edit), tmp_path)


def test_another_file_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_text("hello")
    assert "zip" in why_refused(tmp_path / "x.bundle", tmp_path).lower()


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert why_refused(tmp_path / "absent", tmp_path) == "No such file or directory"


def test_templates_lie_under_their_digest() -> None:
    assert template_path("sha256:abc") == "templates/abc.zip"
