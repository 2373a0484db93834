"""Every fault the language knows, as files: `faulty/expected.toml` says what validation must find in each."""

import tomllib
from pathlib import Path

import pytest

from repomill.errors import WorkflowInvalid
from repomill.workflow.faults import FAULT_CODES, Fault
from repomill.workflow.validation import validate

FOLDER = Path(__file__).parent / "faulty"
EXPECTED: dict[str, dict[str, list[list[str | int]]]] = tomllib.loads((FOLDER / "expected.toml").read_text())


def faults_of(name: str) -> tuple[Fault, ...]:
    with pytest.raises(WorkflowInvalid) as caught:
        validate((FOLDER / name).read_text(), name, folder=FOLDER)
    return tuple(fault for fault in caught.value.faults if isinstance(fault, Fault))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_all_faults_of_a_file_are_found_with_code_pointer_and_line(name: str) -> None:
    found = [[fault.code, fault.pointer, fault.line] for fault in faults_of(name)]
    assert found == EXPECTED[name]["faults"]


def test_every_faulty_file_has_its_expectation() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.is_file()} - {"expected.toml"}
    assert files == EXPECTED.keys()


def test_every_code_of_the_catalogue_has_a_file_that_produces_it() -> None:
    produced = {fault[0] for entry in EXPECTED.values() for fault in entry["faults"]}
    assert produced == FAULT_CODES.keys()


def test_a_fault_prints_its_place_code_and_hint_on_one_line() -> None:
    (fault,) = faults_of("unknown_config_key.yaml")
    assert str(fault) == (
        "unknown_config_key.yaml:9:7 [unknown_key] /nodes/0/config/promt: unknown key 'promt'; did you mean 'prompt'?"
    )


def test_a_fault_of_the_whole_document_prints_the_root() -> None:
    (fault,) = faults_of("empty.yaml")
    assert str(fault) == "empty.yaml:1:1 [empty_document] /: there is nothing in it"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("unknown_node_type.yaml", "did you mean 'file_generation'?"),
        ("unknown_source_key.yaml", "did you mean 'model'?"),
        ("unknown_key_deep_in_config.yaml", "did you mean 'executable'?"),
        ("unknown_top_level_key.yaml", "did you mean 'variables'?"),
        ("unknown_input.yaml", "did you mean 'name'?"),
        ("unknown_variable.yaml", "did you mean 'licence'?"),
        ("unknown_node.yaml", "did you mean 'plan'?"),
        ("unknown_source.yaml", "did you mean 'models'?"),
        ("unknown_start_node.yaml", "did you mean 'a'?"),
        ("node_not_upstream.yaml", "add an edge from 'plan' to 'b'"),
        ("nodes_in_variables.yaml", "only inputs can be used here"),
        ("output_left_out.yaml", "write nodes.a.output.name"),
        ("text_output_field.yaml", "did you mean 'text'?"),
        ("no_sources.yaml", "declare it under 'sources'"),
        ("unknown_branch.yaml", "did you mean 'service'?"),
        ("no_branches.yaml", "leave 'branch' out, or put a 'router' between"),
        ("error_branch_not_offered.yaml", "add 'on_error: branch' to 'a'"),
        ("publishes_in_loop.yaml", "move it behind the loop"),
        ("wrong_source_kind.yaml", "of such a kind is chat"),
        ("path_in_every_iteration.yaml", "make the iteration part of the path, as in '{{ index }}'"),
        ("expression_where_a_literal_is_asked.yaml", "this field takes a literal, not an expression"),
    ],
)
def test_a_hint_says_how_to_mend_it(name: str, hint: str) -> None:
    assert [fault.hint for fault in faults_of(name)] == [hint]


def test_a_result_inside_a_loop_is_to_be_given_out() -> None:
    hints = {fault.hint for fault in faults_of("node_inside_loop.yaml")}
    assert hints == {"give it to the body's 'output' and use nodes.modules.output.items"}


def test_a_cycle_is_named_node_by_node() -> None:
    (fault,) = faults_of("cycle.yaml")
    assert "a → b → c → a" in fault.message


def test_a_fault_points_at_its_column() -> None:
    columns = {fault.pointer: fault.column for fault in faults_of("flow_style.yaml")}
    assert columns == {"/nodes/1/id": 8, "/nodes/1/type": 10}


def test_a_fault_in_a_template_names_the_file_and_its_line() -> None:
    messages = [fault.message for fault in faults_of("template_syntax.yaml")]
    assert messages[0].startswith("broken_templates/docs/page.md.j2, line 3: ")
    assert messages[1] == "broken_templates/latin.txt.j2 is not UTF-8 text"


def test_the_error_prints_all_its_faults() -> None:
    with pytest.raises(WorkflowInvalid, match=r"2 fault\(s\)") as caught:
        validate((FOLDER / "edge_to_nowhere.yaml").read_text(), "edges.yaml")
    assert len(str(caught.value).splitlines()) == 3
