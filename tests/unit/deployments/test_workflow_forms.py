"""The schema of a workflow's form."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployments.examples import example_folder
from deployments.workflows import form_schema
from repomill.workflow.spec import WorkflowSpec
from repomill.workflow.validation import validate_file


def spec_with(inputs: dict[str, Any]) -> WorkflowSpec:
    spec = validate_file(example_folder("library") / "workflow.yaml")
    return spec.model_copy(update={"inputs": inputs})


def inputs_form(inputs: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = form_schema(spec_with(inputs))["properties"]["inputs"]
    return found


def test_a_form_holds_the_inputs_alone() -> None:
    schema = form_schema(spec_with({"properties": {"name": {"type": "string"}}}))
    assert list(schema["properties"]) == schema["required"] == ["inputs"]


def test_fields_keep_the_order_of_the_specification() -> None:
    form = inputs_form({"properties": {"zebra": {"type": "string"}, "ant": {"type": "string"}}})
    assert [form["properties"][name]["position"] for name in ("zebra", "ant")] == [0, 1]


def test_a_position_that_the_specification_names_is_kept() -> None:
    form = inputs_form({"properties": {"first": {"position": 7}, "second": {}}})
    assert [form["properties"][name]["position"] for name in ("first", "second")] == [7, 1]


def test_a_field_without_a_title_is_called_by_its_name() -> None:
    form = inputs_form({"properties": {"cheap_below": {"type": "number"}, "kind": {"title": "Kind of tea"}}})
    assert [form["properties"][name]["title"] for name in ("cheap_below", "kind")] == ["Cheap below", "Kind of tea"]


def test_fields_inside_a_field_keep_their_order_too() -> None:
    address = {"type": "object", "properties": {"town": {"type": "string"}, "code": {"type": "string"}}}
    form = inputs_form({"properties": {"address": address}})
    assert [field["position"] for field in form["properties"]["address"]["properties"].values()] == [0, 1]


def test_a_field_that_takes_nothing_still_takes_nothing() -> None:
    assert inputs_form({"properties": {"never": False}})["properties"]["never"] is False


def test_an_input_that_is_not_listed_is_refused() -> None:
    assert inputs_form({"properties": {}})["additionalProperties"] is False


MODULE = {"type": "object", "properties": {"name": {"pattern": "^[a-z]+$"}, "$ref": {"type": "string"}}}


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
def test_definitions_stay_reachable(keyword: str) -> None:
    inputs = {keyword: {"module": MODULE}, "properties": {"main": {"$ref": f"#/{keyword}/module"}}}
    form = Draft202012Validator(form_schema(spec_with(inputs)))
    assert form.is_valid({"inputs": {"main": {"name": "core", "$ref": "a property may be called so"}}})
    assert not form.is_valid({"inputs": {"main": {"name": "CORE"}}})


def test_a_schema_may_refer_to_itself_and_to_its_parts() -> None:
    name = {"type": "string", "maxLength": 3}
    inputs = {"properties": {"name": name, "other": {"$ref": "#/properties/name"}, "inner": {"$ref": "#"}}}
    form = Draft202012Validator(form_schema(spec_with(inputs)))
    assert form.is_valid({"inputs": {"inner": {"inner": {"other": "abc"}}}})
    assert not form.is_valid({"inputs": {"inner": {"inner": {"other": "abcd"}}}})


def test_data_that_looks_like_a_reference_is_left_alone() -> None:
    data = {"$ref": "#/x"}
    assert inputs_form({"properties": {"link": {"default": data}}})["properties"]["link"]["default"] == data
