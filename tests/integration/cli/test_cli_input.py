"""Bad input: specifications, inputs, references and folders; nothing starts and nothing is lost."""

from pathlib import Path

import pytest

from tests.fakes.stored_projects import SPEC, write_spec
from tests.integration.cli.conftest import CommandLine

COMMANDS = [("workflow", "validate"), ("workflow", "add"), ("workflow", "graph"), ("workflow", "schema"), ("run",)]


def nothing_started(repomill: CommandLine) -> bool:
    return not repomill.json("execution", "list")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there(repomill: CommandLine, command: tuple[str, ...]) -> None:
    said = repomill.fails(2, *command, "none.yaml")
    assert said.startswith("error: none.yaml cannot be read: No such file or directory.\nhint:  ")
    assert nothing_started(repomill)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("bad.yaml", "nodes: [\n", "bad.yaml:2:1 [malformed_text]"),
        ("bad.json", '{"nodes": ', "bad.json:1:11 [malformed_text]"),
        ("typo.yaml", SPEC.replace("file_generation", "file_generatoin"), "[unknown_node_type] /nodes/0/type"),
    ],
)
def test_a_faulty_file_is_told_with_line_and_column(
    repomill: CommandLine, command: tuple[str, ...], name: str, text: str, place: str
) -> None:
    write_spec(repomill.folder, text, name)
    said = repomill.fails(2, *command, name)
    assert place in said
    assert "hint:  " in said
    assert nothing_started(repomill)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("description: Makes", "descripton: Makes", "did you mean 'description'?"),
        ("type: file_generation", "type: file_generatoin", "did you mean 'file_generation'?"),
        ("inputs.kind }}", "inputs.kin }}", "did you mean 'kind'?"),
        ("inputs.kind }}", "inputs.kind", "[expression_syntax]"),
        ("path: README.md", "path: ../README.md", "[unsafe_path]"),
        ("files: [", "template: nowhere, files: [", "[template_missing]"),
        ("nodes:\n", "edges: [{from: page, to: page}]\nnodes:\n", "[self_edge]"),
    ],
)
def test_a_fault_says_what_to_change(repomill: CommandLine, old: str, new: str, said: str) -> None:
    write_spec(repomill.folder, SPEC.replace(old, new))
    assert said in repomill.fails(2, "workflow", "validate", "workflow.yaml")


def test_all_faults_come_at_once_and_as_json(repomill: CommandLine) -> None:
    write_spec(repomill.folder, SPEC.replace("name: tea", "nam: tea").replace("inputs.kind", "inputs.kin"))
    ended = repomill("workflow", "validate", "workflow.yaml", "--format", "json")
    assert ended.code == 2
    assert {fault["code"] for fault in ended.json["faults"]} == {"unknown_key", "missing_key", "unknown_input"}
    assert all(fault["line"] and fault["source"] == "workflow.yaml" for fault in ended.json["faults"])


def test_a_template_that_cannot_be_parsed_is_told_with_file_and_line(repomill: CommandLine) -> None:
    (folder := repomill.folder / "pages").mkdir()
    (folder / "a.md.j2").write_text("one\n{% if %}\n")
    write_spec(repomill.folder, SPEC.replace("files: [", "template: pages, files: ["))
    said = repomill.fails(2, "run", "workflow.yaml")
    assert "a.md.j2" in said
    assert "line 2" in said or ":2" in said
    assert nothing_started(repomill)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("kind",), "'kind' is not name=value"),
        (("kin=green",), "there is no input 'kin'; did you mean 'kind'?"),
        (("kind=white",), "/kind: 'white' is not one of ['green', 'black']"),
        (("cups=many",), "/cups: 'many' is not integer"),
        (("cups=1.5",), "/cups: 1.5 is not of type 'integer'"),
        (('server={"port": "x"}',), "/server/port: 'x' is not of type 'integer'"),
        (("kind=white", "cups=0.5"), "/cups"),
    ],
)
def test_inputs_that_do_not_fit(repomill: CommandLine, options: tuple[str, ...], said: str) -> None:
    write_spec(repomill.folder)
    told = repomill.fails(2, "run", "workflow.yaml", *(part for option in options for part in ("--input", option)))
    assert told.startswith("error: The inputs do not fit workflow tea: ")
    assert said in told
    assert nothing_started(repomill)


def test_an_input_that_is_missing(repomill: CommandLine) -> None:
    write_spec(repomill.folder, SPEC.replace("additionalProperties: false", "required: [pot]"))
    assert "'pot' is a required property" in repomill.fails(2, "run", "workflow.yaml")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.yaml", None, "none.yaml cannot be read: No such file"),
        ("list.yaml", "- green\n", "list.yaml cannot be read: it does not hold an object"),
        ("bad.yaml", "kind: [\n", "bad.yaml:2:1 [malformed_text]"),
        ("bad.json", '{"kind": ', "bad.json:1:10 [malformed_text]"),
        ("wrong.json", '{"kind": 7}', "/kind: 7 is not one of"),
    ],
)
def test_a_file_of_inputs_that_cannot_be_used(repomill: CommandLine, name: str, text: str | None, said: str) -> None:
    write_spec(repomill.folder)
    if text is not None:
        Path(name).write_text(text)
    assert said in repomill.fails(2, "run", "workflow.yaml", "--inputs", name)
    assert nothing_started(repomill)


def test_strict_mode_needs_the_folder_it_names(repomill: CommandLine) -> None:
    write_spec(repomill.folder)
    said = repomill.fails(2, "run", "workflow.yaml", "--mode", "strict", "--recordings", "none")
    assert "none cannot be read: there is no such folder of recordings" in said
    assert nothing_started(repomill)


def test_files_that_are_not_text(repomill: CommandLine) -> None:
    write_spec(repomill.folder)
    Path("bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "bytes.yaml cannot be read: it is not UTF-8 text" in repomill.fails(2, "run", "bytes.yaml")
    assert "not UTF-8" in repomill.fails(2, "run", "workflow.yaml", "--inputs", "bytes.yaml")


def test_a_workflow_nobody_stored(repomill: CommandLine) -> None:
    assert "There is no workflow 'coffee'" in repomill.fails(2, "run", "coffee")
    assert "There is no workflow 'coffee'" in repomill.fails(2, "workflow", "show", "coffee")


@pytest.mark.parametrize(
    "command", [("execution", "show"), ("execution", "logs"), ("execution", "cancel"), ("execution", "resume")]
)
@pytest.mark.parametrize("reference", ["latest", "abc", "not an id"])
def test_an_execution_that_is_not_there(repomill: CommandLine, command: tuple[str, ...], reference: str) -> None:
    said = repomill.fails(2, *command, reference)
    assert (
        said == f"error: There is no execution {reference!r}.\nhint:  `repomill execution list` prints what there is.\n"
    )


@pytest.mark.parametrize("command", [("show",), ("files",), ("cat",), ("checkout",), ("export",)])
def test_a_project_that_is_not_there(repomill: CommandLine, command: tuple[str, ...]) -> None:
    more = {"cat": ["x"], "checkout": ["x"], "export": ["--to", "zip:x"]}.get(command[0], [])
    assert "There is no project 'latest'." in repomill.fails(2, "project", *command, "latest", *more)
    assert not Path("x").exists()


def test_ids_prefixes_and_latest_mean_the_same(repomill: CommandLine) -> None:
    stored = repomill.stored()
    whole = str(stored.project.id)
    shown = [repomill.json("project", "show", name) for name in (whole, whole[:13], whole[:9].upper(), "latest")]
    assert [row["id"] for row in shown] == [whole] * 4
    assert repomill.json("execution", "show", str(stored.execution.id)[:8])["id"] == str(stored.execution.id)


def test_a_prefix_of_two_ids_is_refused(repomill: CommandLine) -> None:
    ids = [str(repomill.stored().project.id) for _ in range(17)]  # two of 17 begin with the same of 16 digits
    digit = next(digit for digit in "0123456789abcdef" if sum(name.startswith(digit) for name in ids) > 1)
    said = repomill.fails(2, "project", "show", digit)
    assert f"{digit!r} could be more than one project: " in said
    assert sum(name in said for name in ids) > 1


def test_init_makes_a_workflow_that_validates(repomill: CommandLine) -> None:
    assert "Next: repomill workflow validate new/workflow.yaml" in repomill("init", "new").err
    assert repomill.json("workflow", "validate", "new/workflow.yaml") == {
        "workflow": "starter",
        "nodes": 2,
        "faults": [],
    }


def test_init_fills_an_empty_folder_and_no_other(repomill: CommandLine) -> None:
    Path("empty").mkdir()
    assert repomill("init", "empty").code == 0
    Path("empty/workflow.yaml").write_text("mine")
    assert "holds something else" in repomill.fails(2, "init", "empty")
    assert "holds something else" in repomill.fails(2, "init", "empty/workflow.yaml")
    assert Path("empty/workflow.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("workflow", "remove"),
        ("run",),
        ("run", "x", "--mode", "offline"),
        ("project", "list", "--format", "xml"),
        ("project", "list", "--limit", "0"),
        ("project", "export", "latest"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_2(repomill: CommandLine, arguments: tuple[str, ...]) -> None:
    assert "Usage: " in repomill.fails(2, *arguments)
