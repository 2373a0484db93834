"""How specifications get in: files, template folders, versions."""

from io import BytesIO
from pathlib import Path

import pytest

from repomill.errors import InputsInvalid, UnreadableFile, WorkflowInvalid, WorkflowNotFound
from repomill.trees.pack import read_pack
from tasks.admission import Admission, admit
from tasks.intake import read_specification, store_workflow
from tasks.services import Services
from tests.fakes.stored_projects import SPEC, admitted, write_spec

WITH_TEMPLATES = SPEC.replace("files: [", "template: pages, files: [")


def make_templates(folder: Path) -> Path:
    (pages := folder / "pages").mkdir()
    (pages / "a.md.j2").write_text("# {{ inputs.kind }}")
    (pages / "run.sh").write_text("echo")
    (pages / "run.sh").chmod(0o755)
    return pages


async def test_the_same_content_is_the_same_version(services: Services, tmp_path: Path) -> None:
    first = await store_workflow(services, write_spec(tmp_path))
    again = await store_workflow(services, write_spec(tmp_path, SPEC + "# a comment\n"))
    other = await store_workflow(services, write_spec(tmp_path, SPEC.replace("Makes tea.", "Makes good tea.")))
    assert (again.id, again.number, other.number) == (first.id, 1, 2)
    assert first.source_text == SPEC


async def test_a_template_folder_is_stored_with_its_version(services: Services, tmp_path: Path) -> None:
    make_templates(tmp_path)
    version = await store_workflow(services, write_spec(tmp_path, WITH_TEMPLATES))
    stored = list(read_pack(BytesIO(await services.store.get(version.templates["pages"]["key"]))))
    assert [(file.path, file.mode) for file in stored] == [("a.md.j2", "100644"), ("run.sh", "100755")]


async def test_a_changed_template_is_a_new_version(services: Services, tmp_path: Path) -> None:
    pages = make_templates(tmp_path)
    first = await store_workflow(services, write_spec(tmp_path, WITH_TEMPLATES))
    (pages / "a.md.j2").write_text("## {{ inputs.kind }}")
    assert (await store_workflow(services, tmp_path / "workflow.yaml")).number == first.number + 1


async def test_links_and_byte_code_stay_out_of_stored_templates(services: Services, tmp_path: Path) -> None:
    pages = make_templates(tmp_path)
    (pages / "__pycache__").mkdir()
    (pages / "__pycache__" / "x.pyc").write_bytes(b"code")
    (tmp_path / "secret").write_text("secret")
    (pages / "link").symlink_to(tmp_path / "secret")
    version = await store_workflow(services, write_spec(tmp_path, WITH_TEMPLATES))
    content = await services.store.get(version.templates["pages"]["key"])
    assert {file.path for file in read_pack(BytesIO(content))} == {"a.md.j2", "run.sh"}


@pytest.mark.parametrize(("name", "content"), [("none.yaml", None), ("bytes.yaml", b"\xff\xfe"), ("folder", b"")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=name):
        read_specification(path)


async def test_a_run_is_let_in_with_its_defaults_and_project(services: Services, tmp_path: Path) -> None:
    execution = await admitted(services, tmp_path, "cups=3")
    project = await services.database.run(services.scope, lambda work: work.projects.get(execution.project_id))
    assert execution.inputs == {"kind": "green", "cups": 3, "server": {}}
    assert (execution.status.value, execution.mode.value, project.name) == ("pending", "live", "tea")


async def test_options_win_over_the_file_of_inputs(services: Services, tmp_path: Path) -> None:
    (inputs := tmp_path / "inputs.yaml").write_text("kind: black\ncups: 2\n")
    wanted = Admission(str(write_spec(tmp_path)), ("cups=3",), inputs, project="mine")
    execution = await admit(services, wanted)
    assert execution.inputs == {"kind": "black", "cups": 3, "server": {}}


async def test_a_stored_workflow_runs_by_name_and_by_id(services: Services, tmp_path: Path) -> None:
    version = await store_workflow(services, write_spec(tmp_path))
    for reference in ("tea", str(version.id), "latest"):
        assert (await admit(services, Admission(reference))).workflow_version_id == version.id


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Admission("coffee"), WorkflowNotFound),
        (Admission("none.yaml"), UnreadableFile),
        (Admission("bad.yaml"), WorkflowInvalid),
        (Admission("workflow.yaml", ("cups=x",)), InputsInvalid),
        (Admission("workflow.yaml", inputs_file=Path("none.json")), UnreadableFile),
        (Admission("workflow.yaml", inputs_file=Path("bad.yaml")), WorkflowInvalid),
    ],
)
async def test_nothing_is_written_for_a_run_that_is_refused(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Admission, error: type[Exception]
) -> None:
    write_spec(tmp_path)
    write_spec(tmp_path, "nodes: [", "bad.yaml")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        await admit(services, wanted)
    assert list(await services.database.run(services.scope, lambda work: work.executions.list())) == []
