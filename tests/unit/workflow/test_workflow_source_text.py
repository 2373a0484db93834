"""Reading JSON and YAML into plain data with places."""

import json
import time

import pytest

from repomill.errors import WorkflowInvalid
from repomill.workflow.faults import Fault
from repomill.workflow.positions import Position
from repomill.workflow.source_text import load_workflow


def refusal(text: str, name: str = "spec.yaml") -> Fault:
    with pytest.raises(WorkflowInvalid) as caught:
        load_workflow(text, name)
    (fault,) = caught.value.faults
    assert isinstance(fault, Fault)
    return fault


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-7", -7),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("{x: http://host:80/a?b=c}", {"x": "http://host:80/a?b=c"}),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(scalar: str, value: object) -> None:
    data = load_workflow(f"a: {scalar}\n", "spec.yaml").data
    assert data == {"a": value}
    assert isinstance(data, dict)
    assert type(data["a"]) is type(value)


def test_keys_are_text_as_they_are_written() -> None:
    assert load_workflow("1: a\non: b\n'x y': c\n", "spec.yaml").data == {"1": "a", "on": "b", "x y": "c"}


def test_every_value_and_key_has_its_place() -> None:
    positions = load_workflow("a:\n  - b: 1\n    c: {d: [x, y]}\n", "spec.yaml").positions
    assert positions.of("/a") == Position(2, 3)
    assert positions.of("/a/0/b") == Position(2, 8)
    assert positions.of("/a/0/c", at_key=True) == Position(3, 5)
    assert positions.of("/a/0/c/d/1") == Position(3, 16)


def test_an_absent_value_stands_where_its_holder_does() -> None:
    positions = load_workflow("a:\n  b: {c: 1}\n", "spec.yaml").positions
    assert positions.of("/a/b/missing/deeper", at_key=True) == Position(2, 6)


def test_a_line_of_a_literal_block_is_a_line_of_the_text() -> None:
    positions = load_workflow("a: |\n  one\n\n    three\n", "spec.yaml").positions
    assert positions.of("/a", text_line=3) == Position(4, 5)
    assert positions.of("/a", text_line=99) == Position(4, 5)


def test_a_line_of_a_quoted_text_stays_at_its_beginning() -> None:
    positions = load_workflow('a: "one\\ntwo"\n', "spec.yaml").positions
    assert positions.of("/a", text_line=2) == Position(1, 4)


def test_a_pointer_escapes_slash_and_tilde() -> None:
    positions = load_workflow("'a/b~c': 1\n", "spec.yaml").positions
    assert positions.of("/a~1b~0c") == Position(1, 10)


def test_a_value_behind_an_alias_stands_where_it_was_written() -> None:
    loaded = load_workflow("a: &x\n  b: 1\nc: *x\n", "spec.yaml")
    assert loaded.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert loaded.positions.of("/c") == Position(3, 4)
    assert loaded.positions.of("/c/b") == Position(2, 6)


def test_own_keys_win_over_merged_ones_and_earlier_merges_over_later() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*b, *a]\n  z: 3\n"
    data = load_workflow(text, "spec.yaml").data
    assert isinstance(data, dict)
    assert data["c"] == {"x": 1, "y": 2, "z": 3}


def test_merges_reach_through_merged_objects() -> None:
    data = load_workflow("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n", "spec.yaml").data
    assert isinstance(data, dict)
    assert data["c"] == {"x": 1, "y": 2}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert load_workflow('{"<<": {"a": 1}}', "spec.json").data == {"<<": {"a": 1}}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert load_workflow("\ufeff{}", "spec.json").data == {}


@pytest.mark.parametrize("text", ["😀", "\x7f", "\u2028", "\x85", "\\", "\t", "/", "é", '"', "\ufeff", "\uffff"])
@pytest.mark.parametrize("escaped", [True, False])
def test_json_reads_as_json_whatever_its_characters(text: str, *, escaped: bool) -> None:
    document = {"first": text, "second": 1}
    loaded = load_workflow(json.dumps(document, ensure_ascii=escaped, indent="\t"), "spec.json")
    assert loaded.data == document
    assert loaded.positions.of("/second").line == 3


def test_half_a_surrogate_pair_is_refused() -> None:
    assert refusal('{"a": "\\ud800"}').code == "malformed_text"
    assert refusal("a: \ud800").code == "malformed_text"


@pytest.mark.parametrize("text", ['{"a": NaN}', "{a: 1}", "[a, b]"])
def test_braces_that_are_not_json_are_flow_yaml(text: str) -> None:
    assert load_workflow(text, "spec.json").data in ({"a": "NaN"}, {"a": 1}, ["a", "b"])


def test_a_json_file_gets_the_json_readers_words() -> None:
    assert refusal('{"a": 1}}', "spec.json").message == "Extra data"
    assert refusal('{"a": 1}}', "spec.yaml").message == "did not find expected <document start>"


@pytest.mark.parametrize("text", ["\x00", "a: \x07"])
def test_control_characters_are_refused(text: str) -> None:
    assert "control characters" in refusal(text).message


def test_a_long_text_is_refused_before_it_is_parsed() -> None:
    assert refusal("#" * 16_000_001).code == "too_large"


def test_numbers_of_many_digits_are_refused() -> None:
    (finding,) = load_workflow("a: " + "9" * 5000, "spec.yaml").findings
    assert finding.message == "the number has too many digits"


@pytest.mark.parametrize("opening", ["[", '{"a":', "- ", "? "])
def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack(opening: str) -> None:
    assert refusal(opening * 5000).code in {"too_large", "malformed_text"}


def test_aliases_cannot_nest_deeper_than_text() -> None:
    levels = "".join(f"a{i}: &a{i} [[[[[[[[[[*a{i - 1}]]]]]]]]]]\n" for i in range(1, 9))
    assert refusal("a0: &a0 x\n" + levels).code == "too_large"


def test_merged_aliases_cannot_multiply_without_end() -> None:
    levels = "".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 12))
    began = time.process_time()
    assert refusal("a0: &a0 {x: 1}\n" + levels).code == "too_large"
    assert time.process_time() - began < 20


def test_long_texts_behind_aliases_are_counted_each_time() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 200)}]\n"
    assert refusal(text).code == "too_large"
