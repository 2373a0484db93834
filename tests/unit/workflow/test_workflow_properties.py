"""Properties that hold for any document: equal digests for equal content, schedules that respect edges, no crash."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from repomill.errors import WorkflowInvalid
from repomill.workflow.digests import workflow_digest, workflow_document
from repomill.workflow.faults import FAULT_CODES, Fault
from repomill.workflow.graph import Graph
from repomill.workflow.plan import plan
from repomill.workflow.source_text import load_workflow
from repomill.workflow.spec import WorkflowSpec
from repomill.workflow.validation import validate

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(
        ["on", "yes", "null", "1e3", "0o17", "~", "<<", "=", "- a", "{{ x }}", "#", "a: b", "\n", "2026-01-01"]
    )
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def strings(value: Any) -> Iterator[str]:
    """Yield every string value within a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


# Without what could be the start of a template.
PLAIN = JSON.filter(lambda value: not any("{" in text for text in strings(value)))

KEYS = st.sampled_from(sorted({*WorkflowSpec.model_json_schema()["properties"], "id", "type", "config", "from", "to"}))
CONFIG_KEYS = st.sampled_from(
    ["body", "for_each", "while", "until", "as", "max_iterations", "carry", "branches", "branch", "when", "mock", "not"]
) | st.sampled_from(["source", "prompt", "max_tokens", "files", "path", "template", "$ref", "default", "<<"])
WORDS = (
    st.sampled_from(["repomill/v1", "a", "plan", "openai", "zip", "../x", "object", "error"])
    | st.sampled_from(["input", "llm", "file_generation", "repo_creation", "loop", "router"])
    | st.sampled_from(["{{inputs.a}}", "{{nodes.a.output.x}}", "{{item.a}}", "{%if", "#/$defs/a"])
)
NEAR_SPECS = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | CONFIG_KEYS, inner, max_size=6),
    max_leaves=25,
)


def as_yaml(value: object) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode = True
    yaml.default_flow_style = False
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def faults_of(text: str) -> tuple[Fault, ...]:
    try:
        validate(text, "any.yaml")
    except WorkflowInvalid as error:
        return tuple(fault for fault in error.faults if isinstance(fault, Fault))
    return ()


def check_places(text: str) -> None:
    faults = faults_of(text)
    assert all(fault.code in FAULT_CODES for fault in faults)
    assert all(1 <= fault.line <= text.count("\n") + 2 and fault.column >= 1 for fault in faults)


@given(st.text())
def test_any_text_gets_faults_and_never_a_crash(text: str) -> None:
    assert faults_of(text)
    check_places(text)


@given(JSON)
def test_any_json_document_gets_faults_and_never_a_crash(value: object) -> None:
    text = json.dumps(value, indent=1)
    assert faults_of(text)
    check_places(text)


@given(st.dictionaries(KEYS, NEAR_SPECS, max_size=8), st.booleans())
def test_a_document_of_the_languages_own_words_gets_faults_and_never_a_crash(value: object, as_json: bool) -> None:
    check_places(json.dumps(value) if as_json else as_yaml(value))


@given(JSON, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_text_reads_as_the_json_reader_reads_it(value: object, escaped: bool, indent: int | str | None) -> None:
    text = json.dumps({"value": value}, ensure_ascii=escaped, indent=indent)
    assert load_workflow(text, "any.json").data == {"value": value}


def spec_of(variables: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "repomill/v1",
        "name": "any",
        "variables": {"value": variables},
        "nodes": [{"id": "a", "type": "input"}],
    }


@given(st.dictionaries(TEXT, PLAIN, max_size=4))
def test_json_and_yaml_of_the_same_content_have_one_digest(variables: dict[str, Any]) -> None:
    document = spec_of(variables)
    from_json = validate(json.dumps(document), "any.json")
    from_yaml = validate(as_yaml(document), "any.yaml")
    assert workflow_digest(from_json) == workflow_digest(from_yaml)


@given(st.dictionaries(TEXT, PLAIN, max_size=4))
def test_a_stored_document_reads_back_with_its_digest(variables: dict[str, Any]) -> None:
    spec = validate(json.dumps(spec_of(variables)), "any.json")
    again = WorkflowSpec.model_validate(workflow_document(spec))
    assert workflow_digest(again) == workflow_digest(spec)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 12))
    ids = [f"n{number}" for number in range(size)]
    pairs = [(a, b) for at, a in enumerate(ids) for b in ids[at + 1 :]]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return Graph(tuple(draw(st.permutations(ids))), tuple(edges))


@given(graphs())
def test_ancestors_are_the_nodes_from_which_this_one_is_reached(graph: Graph) -> None:
    for node in graph.nodes:
        expected = {other for other in graph.nodes if other != node and node in graph.reachable_from(other)}
        assert graph.ancestors(node) == expected


@given(graphs(), st.data())
def test_publishing_waits_for_every_node_that_writes(graph: Graph, data: st.DataObject) -> None:
    kinds = ["input", "file_generation"]
    config = {"file_generation": {"files": [{"path": "x", "content": "y"}]}}
    types = {node: data.draw(st.sampled_from(kinds)) for node in graph.nodes}
    nodes = [{"id": node, "type": kind, "config": config.get(kind, {})} for node, kind in types.items()]
    nodes.insert(data.draw(st.integers(0, len(nodes))), {"id": "out", "type": "repo_creation", "config": {"to": "zip"}})
    edges = [{"from": a, "to": b} for a, b in graph.edges]
    spec = WorkflowSpec.model_validate({"apiVersion": "repomill/v1", "name": "any", "nodes": nodes, "edges": edges})
    writers = {node for node, kind in types.items() if kind == "file_generation"}
    assert plan(spec).ancestors("out") >= writers
