"""What a valid specification is, and what validation does besides finding faults."""

from itertools import pairwise
from pathlib import Path

import pytest

from repomill.errors import UnreadableFile, WorkflowInvalid
from repomill.nodes.registry import kinds
from repomill.workflow.faults import Fault
from repomill.workflow.validation import validate, validate_file

HEAD = "apiVersion: repomill/v1\nname: sound\n"
SERVICE = (
    HEAD
    + """
inputs: {type: object, properties: {name: {type: string}, tags: {type: array}}, required: [name]}
variables: {title: "{{ inputs.name }}"}
sources: {models: {kind: openai}}
queues: {slow: {concurrency: 2, requests_per_minute: 60}}
budget: {cost_usd: 2, calls: 10, tokens: 1000}
start_node: plan
nodes:
  - id: plan
    type: llm
    config:
      source: models
      prompt: "Plan {{ inputs.name }}: {% for tag in inputs.tags %}{{ tag }}{% endfor %}"
      max_tokens: 100
      output_schema:
        $defs: {m: {properties: {name: {type: string}}}}
        type: object
        properties: {all: {items: {$ref: '#/$defs/m'}}}
  - id: write
    type: file_generation
    config: {files: [{path: README.md, content: "{{ variables.title }} {{ nodes.plan.output.all[0].name }}"}]}
  - {id: publish, type: repo_creation, config: {to: zip}}
edges: [{from: plan, to: write}]
output: {files: "{{ nodes.write.output.files }}"}
"""
)


def codes(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(WorkflowInvalid) as caught:
        validate(text, "spec.yaml", folder=folder)
    return [fault.code for fault in caught.value.faults if isinstance(fault, Fault)]


def with_output(expression: str) -> str:
    return SERVICE.replace("{{ nodes.write.output.files }}", expression)


def test_a_sound_specification_comes_back_as_models() -> None:
    spec = validate(SERVICE, "service.yaml")
    assert spec.name == "sound"
    assert [node.id for node in spec.nodes] == ["plan", "write", "publish"]
    assert (spec.edges[0].from_, spec.edges[0].to) == ("plan", "write")
    assert spec.sources["models"].block == "openai"
    assert spec.queues["slow"].requests_per_minute == 60


def test_a_node_is_looked_up_by_id() -> None:
    spec = validate(SERVICE, "service.yaml")
    assert spec.node("write").type == "file_generation"
    with pytest.raises(KeyError):
        spec.node("ghost")


@pytest.mark.parametrize(
    "expression",
    [
        "{{ nodes.write.output.files[0] | upper }}",
        "{{ nodes[inputs.name].output }}",
        "{{ inputs }}",
        "{{ variables }}",
        "{% set x = 1 %}{{ x }}",
        "{{ range(3) | list }}",
        "{{ nodes.plan.output.all[0].name }}",
        "plain text",
        "{# only a comment #}",
        "{ not an expression }",
    ],
)
def test_a_sound_expression_is_accepted(expression: str) -> None:
    validate(with_output(expression), "spec.yaml")


def test_an_expression_too_long_to_read_is_a_fault_of_its_place() -> None:
    assert codes(with_output("{{ [" + "0," * 30_000 + "] }}")) == ["expression_syntax"]


def test_an_unknown_field_behind_a_reference_is_found() -> None:
    assert codes(with_output("{{ nodes.plan.output.all[0].nam }}")) == ["unknown_output_field"]


def test_an_object_that_may_have_more_members_is_not_taken_at_its_word() -> None:
    open_ended = SERVICE.replace("required: [name]", "additionalProperties: true")
    validate(open_ended.replace("{{ inputs.name }}", "{{ inputs.other }}"), "spec.yaml")


def test_a_fault_that_begins_with_an_acronym_keeps_it() -> None:
    nodes = "nodes: [{id: a, type: db, config: {source: s, sql: \"SELECT '{{ 1 }}'\"}}]\n"
    with pytest.raises(WorkflowInvalid, match=": SQL is never put together"):
        validate(HEAD + "sources: {s: {kind: database, block: s}}\n" + nodes, "spec.yaml")


def test_raw_fields_hold_no_expressions() -> None:
    text = SERVICE.replace("name: {type: string}}}}", "name: {title: '{{ no.name'}}}}")
    validate(text, "spec.yaml")


def test_a_template_folder_beside_the_specification_is_found(tmp_path: Path) -> None:
    text = HEAD + "nodes: [{id: a, type: file_generation, config: {template: files}}]\n"
    assert codes(text, tmp_path) == ["template_missing"]
    (tmp_path / "files").mkdir()
    validate(text, "spec.yaml", folder=tmp_path)


def test_template_folders_are_not_looked_at_without_a_folder() -> None:
    validate(HEAD + "nodes: [{id: a, type: file_generation, config: {template: none}}]\n", "spec.yaml")


def test_a_link_out_of_the_folder_is_outside(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "files").symlink_to(tmp_path)
    text = HEAD + "nodes: [{id: a, type: file_generation, config: {template: files}}]\n"
    assert codes(text, home) == ["template_outside"]


def test_a_publishing_node_may_use_results_of_the_nodes_that_write() -> None:
    message = '{to: zip, message: "{{ nodes.write.output.files }}"}'
    validate(SERVICE.replace("{to: zip}", message), "spec.yaml")


def test_a_node_on_a_cycle_is_not_told_to_add_an_edge_within_it() -> None:
    text = HEAD + (
        "nodes:\n"
        "  - {id: a, type: input, config: {values: {x: '{{ nodes.b.output }}'}}}\n"
        "  - {id: b, type: input, config: {values: {x: '{{ nodes.a.output }}'}}}\n"
        "edges: [{from: a, to: b}, {from: b, to: a}]\n"
    )
    assert codes(text) == ["cycle"]


def test_more_cycles_than_anybody_mends_at_once_are_cut_short() -> None:
    ids = [f"n{number}" for number in range(60)]
    pairs = list(pairwise(ids))
    edges = [f"{{from: {a}, to: {b}}}, {{from: {b}, to: {a}}}" for a, b in pairs]
    nodes = ", ".join(f"{{id: {name}, type: input}}" for name in ids)
    assert codes(f"{HEAD}nodes: [{nodes}]\nedges: [{', '.join(edges)}]\n") == ["cycle"] * 25


def test_kinds_may_be_handed_in() -> None:
    only_input = {"input": kinds()["input"]}
    with pytest.raises(WorkflowInvalid, match="unknown_node_type"):
        validate(SERVICE, "spec.yaml", kinds=only_input)


def test_a_file_is_validated_with_the_folders_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "service.yaml"
    path.write_text(HEAD + "nodes: [{id: a, type: file_generation, config: {template: files}}]\n")
    with pytest.raises(WorkflowInvalid, match="template_missing"):
        validate_file(path)
    (tmp_path / "files").mkdir()
    assert validate_file(path).name == "sound"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        validate_file(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9t\xe9\n")
    with pytest.raises(UnreadableFile, match="not UTF-8"):
        validate_file(tmp_path / "latin.yaml")


LOOP = (
    HEAD
    + """
inputs: {type: object, properties: {modules: {type: array}, on: {type: boolean}}}
nodes:
  - {id: before, type: input}
  - id: route
    type: router
    when: "{{ inputs.on }}"
    config:
      choose: first
      branches: [{name: many, when: {value: "{{ inputs.modules }}", exists: true}}, {name: none, when: true}]
  - id: outer
    type: loop
    on_error: branch
    config:
      for_each: "{{ inputs.modules }}"
      as: module
      max_iterations: 5
      body:
        nodes:
          - {id: name, type: input, config: {values: {slug: "{{ module.name }}-{{ index }}"}}}
          - id: inner
            type: loop
            config:
              while: "{{ state < 3 and nodes.before.status == 'completed' }}"
              index_as: turn
              state: 0
              carry: "{{ state + turn + (output.slug | length) }}"
              max_iterations: 3
              body:
                nodes:
                  - id: write
                    type: file_generation
                    mock: {output: {files: [x]}, files: [{path: x}]}
                    config:
                      files: [{path: "{{ module.name }}/{{ index }}/{{ turn }}", content: "{{ state }}"}]
                output: {slug: "{{ nodes.name.output.slug ~ state }}", files: "{{ nodes.write.output.files }}"}
        edges: [{from: name, to: inner}]
        output: "{{ nodes.inner.output }}"
  - {id: a, type: file_generation, config: {files: [{path: x.md, content: "{{ nodes.outer.output.items[0].state }}"}]}}
  - {id: b, type: file_generation, config: {files: [{path: x.md, content: "{{ nodes.outer.error.message }}"}]}}
  - {id: out, type: repo_creation, config: {to: zip}}
edges:
  - {from: before, to: route}
  - {from: route, to: outer, branch: many}
  - {from: before, to: outer}
  - {from: outer, to: a}
  - {from: outer, to: b, branch: error}
"""
)


def test_branches_and_loops_within_loops_are_accepted() -> None:
    assert [node.id for node in validate(LOOP, "spec.yaml").nodes] == ["before", "route", "outer", "a", "b", "out"]


def test_a_sibling_loop_may_use_an_id_again() -> None:
    body = "{for_each: [1], max_iterations: 2, body: {nodes: [{id: x, type: input}]}}"
    validate(
        f"{HEAD}nodes: [{{id: a, type: loop, config: {body}}}, {{id: b, type: loop, config: {body}}}]", "spec.yaml"
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("branch: error}", "branch: eror}", "no_branches"),
        ("nodes.inner.output }}", "nodes.inner.output.item }}", "unknown_output_field"),
        ("items[0].state", "items[0].files", "unknown_output_field"),
        ("output.slug | length", "output.slug | nothing", "expression_syntax"),
        ("state < 3", "module.x < turns", "unknown_name"),
        ("{{ module.name }}/{{ index }}/{{ turn }}", "same", "path_written_twice"),
        ("choose: first", "choose: all", "branch_without_edge"),
        ("mock: {output: {files: [x]}", "mock: {output: {files: 1}", "bad_mock"),
        ("from: name, to: inner", "from: inner, to: name", "node_not_upstream"),
    ],
)
def test_a_change_inside_is_found(old: str, new: str, code: str) -> None:
    assert code in codes(LOOP.replace(old, new))


@pytest.mark.parametrize(("choose", "expected"), [("first", []), ("all", ["path_written_twice"])])
def test_nodes_on_exclusive_branches_may_write_one_path(choose: str, expected: list[str]) -> None:
    both = "[{name: x, when: true}, {name: y, when: true}]"
    text = HEAD + (
        "nodes:\n"
        f"  - {{id: r, type: router, config: {{choose: {choose}, branches: {both}}}}}\n"
        "  - {id: a, type: file_generation, config: {files: [{path: p, content: a}]}}\n"
        "  - id: l\n"
        "    type: loop\n"
        "    config:\n"
        "      for_each: [1]\n"
        "      max_iterations: 1\n"
        "      body: {nodes: [{id: b, type: file_generation, config: {files: [{path: p, content: b}]}}]}\n"
        "edges: [{from: r, to: a, branch: x}, {from: r, to: l, branch: y}]\n"
    )
    if expected:
        assert codes(text) == expected
    else:
        validate(text, "spec.yaml")
