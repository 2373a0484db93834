"""What an answer must look like, and what the model is told when it does not."""

from typing import Any

import pytest

from repomill.agents.output import FILES_SCHEMA, output_shape
from repomill.agents.request import AgentRequest
from repomill.errors import OutputSchemaInvalid
from repomill.trees.tree import TreeFile

PLAN: dict[str, Any] = {
    "type": "object",
    "required": ["modules"],
    "properties": {"modules": {"type": "array", "items": {"type": "object", "required": ["name"]}}},
}


def shape(schema: dict[str, Any] | None = None, files: bool = False) -> Any:
    return output_shape(AgentRequest("plan", "main", "p", 10, schema=schema, files=files))


def test_text_is_taken_as_it_is() -> None:
    assert (shape().schema, shape().problems("anything"), shape().result("hi")) == (None, [], ({"text": "hi"}, ()))


def test_a_right_answer_is_the_output() -> None:
    answer = {"modules": [{"name": "a"}]}
    assert (shape(PLAN).schema, shape(PLAN).problems(answer), shape(PLAN).result(answer)) == (PLAN, [], (answer, ()))


def test_each_problem_names_its_place() -> None:
    problems = shape(PLAN).problems({"modules": [{"name": "a"}, {}, 3]})
    assert problems == ["/modules/1: 'name' is a required property", "/modules/2: 3 is not of type 'object'"]


def test_problems_are_few_and_short() -> None:
    problems = shape(PLAN).problems({"modules": ["x" * 5000] * 50})
    assert len(problems) == 10
    assert max(map(len, problems)) < 350


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "string"}, "x"),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, 5),
        ({}, None),
    ],
)
def test_a_schema_of_no_object_travels_inside_one(schema: dict[str, Any], value: object) -> None:
    wrapped = shape(schema)
    assert wrapped.schema["type"] == "object"
    assert (wrapped.problems({"value": value}), wrapped.result({"value": value})) == ([], (value, ()))


def test_a_recursive_schema_is_checked_to_the_bottom() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}, "n": {"type": "integer"}}}
    assert shape(tree).problems({"child": {"child": {"n": "x"}}}) == ["/child/child/n: 'x' is not of type 'integer'"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objekt"}, "/type: 'objekt' is not valid"),
        ({"type": "object", "properties": 3}, "/properties: 3 is not of type 'object'"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/no"}}}, "'/$defs/no' leads nowhere|leads nowhere"),
        ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/s.json"}}}, "leads nowhere"),
    ],
)
def test_a_schema_that_cannot_be_used_is_an_error_before_anything_is_asked(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(OutputSchemaInvalid, match=reason):
        shape(schema)


def test_files_become_tree_files() -> None:
    answer = {
        "files": [{"path": "run.sh", "content": "#!/bin/sh\n", "executable": True}, {"path": "a.txt", "content": "ä"}],
        "notes": "Run it.",
    }
    assert shape(files=True).problems(answer) == []
    assert shape(files=True).result(answer) == (
        {"files": ["run.sh", "a.txt"], "notes": "Run it."},
        (TreeFile("run.sh", b"#!/bin/sh\n", "100755"), TreeFile("a.txt", "ä".encode())),
    )


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, "/: 'files' is a required property"),
        ({"files": [{"path": "a"}]}, "/files/0: 'content' is a required property"),
        ({"files": [{"path": "", "content": ""}]}, "/files/0/path: '' should be non-empty"),
        ({"files": [], "extra": 1}, "Additional properties are not allowed"),
        ({"files": [{"path": "a", "content": ""}] * 2}, "/files: 'a' is there twice"),
        ({"files": [{"path": path, "content": ""} for path in ("a", "./a")]}, "/files: 'a' is there twice"),
        ({"files": [{"path": "/README.md", "content": ""}]}, "/files: '/README.md' is absolute"),
        ({"files": [{"path": "../a", "content": ""}]}, "'..' part"),
        ({"files": [{"path": path, "content": ""} for path in ("docs/a", "Docs/b")]}, "differ only in case"),
        ({"files": [{"path": "a\ud800", "content": ""}]}, "/files: 'a\\ud800' "),
        ({"files": [{"path": "a", "content": "\ud800"}]}, "/files/0: half a surrogate pair"),
    ],
)
def test_files_that_cannot_be_written_are_problems(answer: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in shape(files=True).problems(answer))


def test_files_go_before_a_schema() -> None:
    assert shape(PLAN, files=True).schema == FILES_SCHEMA
