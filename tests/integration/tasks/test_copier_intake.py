"""Copier templates from a specification to files: stored with the version, rendered from there."""

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from repomill.errors import CopierAnswersInvalid, TemplateNotFound, TemplateRefNotFound, WorkflowInvalid
from repomill.nodes.base import NodeContext, NodeResult
from repomill.trees.pack import read_pack
from repomill.workflow.spec import WorkflowSpec
from storage.database.models import WorkflowVersion
from tasks.intake import store_workflow
from tasks.node_inputs import NodeCall, prepare
from tasks.services import Services
from tests.fakes.bare_runs import bare_run
from tests.fakes.copier_templates import write_template
from tests.fakes.node_runs import taken
from tests.servers.git_http import git

SPEC = """\
apiVersion: repomill/v1
name: pots
inputs: {type: object, properties: {name: {type: string, default: tea}}}
nodes:
  - id: pot
    type: file_generation
    config:
      into: src/pot
      copier: {template: PLACE, answers: {name: "{{ inputs.name }}", cups: "{{ [1, 2] }}"}}
"""
QUESTIONS = "name: {type: str}\ncups: {type: yaml, default: []}\n"
FILES: dict[str, str | bytes] = {
    "copier.yml": QUESTIONS,
    "{{ name }}.txt.jinja": "{{ cups|sum }} {{ _folder_name }} {{ inputs is defined }}",
}


def write_spec(folder: Path, place: str = "template", **replaced: str) -> Path:
    text = SPEC.replace("PLACE", place)
    for old, new in replaced.items():
        text = text.replace(old, new)
    (path := folder / "workflow.yaml").write_text(text)
    return path


async def call_of(services: Services, version: WorkflowVersion, name: str = "tea") -> tuple[NodeCall, NodeResult]:
    """Run the one node of a stored version."""
    nodes: list[Any] = WorkflowSpec.model_validate(version.definition).model_dump(mode="json")["nodes"]
    run = bare_run(services, nodes, (), {key: stored["key"] for key, stored in version.templates.items()})
    run.facts.inputs["name"] = name  # type: ignore[index]  # a plain dict in the fake
    call = await prepare(run, run.top, "pot")
    context = NodeContext("pot", call.scope, run.agents, run.templates, run.exports, max_file_size=1000)
    return call, taken(await call.kind.run(call.config, context))


async def test_a_folder_is_rendered_from_the_version_not_from_the_disk(services: Services, tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", FILES)
    version = await store_workflow(services, write_spec(tmp_path))
    shutil.rmtree(template)
    _, result = await call_of(services, version)
    assert [(file.path, file.content) for file in result.files] == [("src/pot/tea.txt", b"3 pot False")]
    assert result.output == {"files": ["src/pot/tea.txt"], "skipped": []}


async def test_answers_and_template_are_part_of_the_node_key(services: Services, tmp_path: Path) -> None:
    template = write_template(tmp_path / "template", FILES)
    first = await store_workflow(services, write_spec(tmp_path))
    (template / "more.txt").write_text("more")
    second = await store_workflow(services, tmp_path / "workflow.yaml")
    keys = [(await call_of(services, version, name))[0].key for version in (first, second) for name in ("a", "b")]
    assert len(set(keys)) == 4
    assert (await call_of(services, first, "a"))[0].key == keys[0]
    assert second.number == first.number + 1


async def test_a_repository_is_recorded_with_its_commit(services: Services, tmp_path: Path) -> None:
    repository = write_template(tmp_path / "repository", FILES)
    git("init", "--quiet", "--initial-branch=main", str(repository))
    git("-C", str(repository), "add", "--all")
    git("-C", str(repository), "-c", "user.name=T", "-c", "user.email=t@x", "commit", "--quiet", "-m", "one")
    git("-C", str(repository), "tag", "1.0")
    url = repository.as_uri()
    version = await store_workflow(services, write_spec(tmp_path, f"{url}, ref: '1.0'"))
    recorded = version.templates[f"copier:{url}@1.0"]
    commit = git("-C", str(repository), "rev-parse", "HEAD")
    assert (recorded["address"], recorded["ref"], recorded["commit"]) == (f"git+{url}", "1.0", commit)
    assert {file.path for file in read_pack(BytesIO(await services.store.get(recorded["key"])))} == {
        "template.tar",
        "origin.json",
    }
    shutil.rmtree(repository)
    assert [file.path for file in (await call_of(services, version))[1].files] == ["src/pot/tea.txt"]


async def test_a_ref_that_is_not_there_stores_no_version(services: Services, tmp_path: Path) -> None:
    git("init", "--quiet", "--bare", str(tmp_path / "empty.git"))
    with pytest.raises(TemplateRefNotFound):
        await store_workflow(services, write_spec(tmp_path, f"{(tmp_path / 'empty.git').as_uri()}, ref: '1.0'"))
    assert list(await services.database.run(services.scope, lambda work: work.workflows.list())) == []


async def test_answers_that_do_not_fit_fail_the_node(services: Services, tmp_path: Path) -> None:
    write_template(tmp_path / "template", FILES)
    version = await store_workflow(services, write_spec(tmp_path, cups="cup"))
    with pytest.raises(CopierAnswersInvalid, match="no question 'cup', did you mean 'cups'"):
        await call_of(services, version)


async def test_a_template_that_was_not_stored(services: Services) -> None:
    config = {"copier": {"template": "elsewhere"}}
    run = bare_run(services, [{"id": "pot", "type": "file_generation", "config": config}])
    with pytest.raises(TemplateNotFound):
        await run.templates.files("copier:elsewhere")


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("template", "template_missing"),
        ("../template", "template_outside"),
        ("/srv/template", "template_outside"),
        ("gh:tea/pot", "bad_value"),
        ("'{{ inputs.name }}'", "template_missing"),
        ("template, question: {a: 1}", "unknown_key"),
    ],
)
async def test_a_place_that_cannot_be_is_a_fault_of_the_specification(
    services: Services, tmp_path: Path, place: str, code: str
) -> None:
    (home := tmp_path / "specification").mkdir()
    with pytest.raises(WorkflowInvalid, match=rf"\[{code}\] /nodes/0/config/copier"):
        await store_workflow(services, write_spec(home, place))
