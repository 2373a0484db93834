"""The pieces of reports: artifact keys, inline code, sizes, file trees, and the form of an export."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from blocks.git_credentials import GitCredentials
from repomill.publishing.exports import ExportTarget
from repomill.publishing.options import ExportOptions
from repomill.publishing.planning.plan import ExportMode
from tasks.markdown import LONGEST_TREE, code, file_tree, human_size
from tasks.reports import artifact_key
from tasks.targets import Archive, GitRemote, HostRepository, plain_target

Form = Archive | GitRemote | HostRepository
TARGETS: TypeAdapter[Form] = TypeAdapter(Form)


@given(st.text(), st.sampled_from(["files", "export-tar.gz", "export-write_tests"]))
def test_any_project_name_makes_a_key_that_prefect_takes(project: str, what: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", artifact_key(project, what))


def test_keys_start_with_the_project() -> None:
    assert artifact_key("Reading List", "export-tar.gz") == "reading-list-export-tar-gz"
    assert artifact_key("…", "files") == "project-files"


@pytest.mark.parametrize(
    ("text", "written"), [("a b", "`a b`"), ("a`b", "`` a`b ``"), ("``x`", "``` ``x` ```")]
)  # https://spec.commonmark.org/0.31.2/#code-spans
def test_code_holds_backticks(text: str, written: str) -> None:
    assert code(text) == written


@pytest.mark.parametrize(
    ("size", "read"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (42211, "42.2 kB"), (3 * 10**9, "3.0 GB")]
)
def test_sizes_are_read_by_people(size: int, read: str) -> None:
    assert human_size(size) == read


def test_folders_come_before_files() -> None:
    assert file_tree(["b.txt", "a/c.txt"]) == ["├── a/", "│   └── c.txt", "└── b.txt"]


def test_a_long_tree_is_cut_and_says_so() -> None:
    lines = file_tree([f"{number:04}.txt" for number in range(LONGEST_TREE + 7)])
    assert len(lines) == LONGEST_TREE + 1
    assert lines[-1] == "… and 7 more lines"


def test_the_form_of_an_export_tells_its_kinds_apart_by_their_fields() -> None:
    assert plain_target(TARGETS.validate_python({"format": "tar.gz"})) == ExportTarget("tar.gz")
    remote = {"url": "file:///r.git", "branch": "trunk", "message": "Add it"}
    assert plain_target(TARGETS.validate_python(remote)) == ExportTarget("git", "file:///r.git", "trunk", "Add it")
    host = {"host_kind": "github", "owner": "ada", "name": "shop", "credentials": "mine", "mode": "merge"}
    wanted = ExportTarget("github", "ada/shop", credentials="mine", options=ExportOptions(mode=ExportMode.MERGE))
    assert plain_target(TARGETS.validate_python(host)) == wanted


@pytest.mark.parametrize(("anonymous", "kept"), [(False, "turn"), (True, "")])
def test_credentials_that_were_picked_for_a_remote_are_kept_by_the_name_of_their_block(
    anonymous: bool, kept: str
) -> None:
    form = TARGETS.validate_python({"url": "https://git.example.com/r.git"})
    block = GitCredentials(username="mill", password=SecretStr("s3ntinel"))
    assert plain_target(form, block).credentials == ""
    block._block_document_name, block._is_anonymous = "turn", anonymous
    target = plain_target(form, block)
    assert target.credentials == kept
    assert "s3ntinel" not in repr(target)


@pytest.mark.parametrize("form", [{"format": "rar"}, {"branch": "main"}, {"url": "file:///r.git", "format": "zip"}])
def test_what_is_neither_kind_of_export_is_refused(form: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        TARGETS.validate_python(form)
