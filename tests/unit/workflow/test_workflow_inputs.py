"""Inputs of a run: defaults, the schema, and `name=value` on a command line."""

from typing import Any

import pytest

from repomill.canonical import Json
from repomill.errors import InputsInvalid
from repomill.workflow.inputs import check_inputs, input_schema, parse_input_options
from repomill.workflow.spec import WorkflowSpec


def spec_with(inputs: dict[str, Any]) -> WorkflowSpec:
    node = {"id": "a", "type": "input"}
    return WorkflowSpec.model_validate(
        {"apiVersion": "repomill/v1", "name": "service", "inputs": inputs, "nodes": [node]}
    )


SPEC = spec_with(
    {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 2},
            "port": {"type": "integer", "default": 8080},
            "ratio": {"type": "number"},
            "public": {"type": "boolean", "default": False},
            "tags": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
            "owner": {"type": "object", "properties": {"team": {"default": "core"}, "mail": {"format": "email"}}},
            "either": {"type": ["integer", "null"]},
            "free": {},
            "anything": True,
        },
    }
)


def problems(given: dict[str, Json], spec: WorkflowSpec = SPEC) -> tuple[str, ...]:
    with pytest.raises(InputsInvalid) as caught:
        check_inputs(spec, given)
    return caught.value.problems


def test_defaults_stand_in_for_what_was_not_given() -> None:
    assert check_inputs(SPEC, {"name": "svc", "port": 1}) == {"name": "svc", "port": 1, "public": False, "tags": ["a"]}


def test_numbers_that_json_does_not_keep_are_refused_with_their_place() -> None:
    found = problems({"name": "svc", "port": 2**60, "free": [{"id": -(2**53)}], "ratio": float("inf")})
    assert [problem.partition(":")[0] for problem in found] == ["/port", "/free/0/id", "/ratio"]
    assert "1152921504606846976 is beyond the integers that JSON keeps exactly (2**53 - 1)" in found[0]
    assert "give it as text" in found[0]


def test_defaults_reach_into_objects_that_were_given() -> None:
    assert check_inputs(SPEC, {"name": "svc", "owner": {}})["owner"] == {"team": "core"}


def test_defaults_are_copies() -> None:
    first = check_inputs(SPEC, {"name": "svc"})
    assert isinstance(first["tags"], list)
    first["tags"].append("b")
    assert check_inputs(SPEC, {"name": "svc"})["tags"] == ["a"]


def test_what_was_given_is_not_changed() -> None:
    given: dict[str, Json] = {"name": "svc", "owner": {}}
    check_inputs(SPEC, given)
    assert given == {"name": "svc", "owner": {}}


def test_every_problem_is_named_with_its_pointer() -> None:
    found = problems({"name": "x", "port": "80", "tags": ["a", 1], "owner": {"mail": "nobody"}})
    assert [sentence.partition(":")[0] for sentence in found] == ["/name", "/owner/mail", "/port", "/tags/1"]


def test_a_missing_input_is_a_problem() -> None:
    assert problems({}) == ("/: 'name' is a required property",)


def test_an_input_nobody_declared_is_refused_with_the_nearest_name() -> None:
    assert problems({"name": "svc", "prot": 80}) == ("/: there is no input 'prot'; did you mean 'port'?",)


def test_a_schema_that_allows_more_inputs_is_taken_at_its_word() -> None:
    spec = spec_with({"properties": {"a": {}}, "additionalProperties": True})
    assert check_inputs(spec, {"b": 1}) == {"b": 1}


def test_a_workflow_without_inputs_takes_none() -> None:
    assert check_inputs(spec_with({}), {}) == {}
    assert problems({"a": 1}, spec_with({})) == ("/: there is no input 'a'",)


def test_the_schema_for_the_doors_is_an_object_without_further_members() -> None:
    assert input_schema(spec_with({"properties": {"a": {}}})) == {
        "type": "object",
        "properties": {"a": {}},
        "additionalProperties": False,
    }


def test_a_schema_that_refers_to_itself_in_a_circle_is_a_problem_and_no_crash() -> None:
    circle = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}
    assert problems({"x": 1}, spec_with(circle)) == ("the schema's references go round in a circle",)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("name=12", {"name": "12"}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
        ("port=12", {"port": 12}),
        ("ratio=0.5", {"ratio": 0.5}),
        ("public=true", {"public": True}),
        ('tags=["x", "y"]', {"tags": ["x", "y"]}),
        ('owner={"team": "t"}', {"owner": {"team": "t"}}),
        ("either=null", {"either": None}),
        ("free=1", {"free": "1"}),
        ("anything=1", {"anything": "1"}),
        ("unknown=1", {"unknown": "1"}),
    ],
)
def test_an_option_is_read_by_the_type_its_schema_states(option: str, value: dict[str, Json]) -> None:
    assert parse_input_options(SPEC, [option]) == value


def test_the_last_of_two_options_wins() -> None:
    assert parse_input_options(SPEC, ["port=1", "port=2"]) == {"port": 2}


def test_every_option_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InputsInvalid) as caught:
        parse_input_options(SPEC, ["port=many", "name", "tags=[1", "ratio=NaN"])
    assert caught.value.problems == (
        "/port: 'many' is not integer",
        "'name' is not name=value",
        "/tags: '[1' is not array",
        "/ratio: 'NaN' is not number",
    )
