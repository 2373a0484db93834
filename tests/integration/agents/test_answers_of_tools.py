"""What a tool answers is what the model was told that it would."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from repomill.apis.client import HttpApi
from repomill.tools.operations import MOST_SCHEMA
from repomill.trees.tree import TreeFile
from tests.fakes.agent_runs import ROOT
from tests.fakes.agent_tools import Call, FilesInMemory, OneApi, Said, run_llm, script
from tests.fakes.api_calls import USER, source_at
from tests.fakes.api_documents import document, get, read

LINES = "tea\n" * 201
VALUES = {"teas": [{"name": "Matcha", "price": 12}] * 201, "csv": "a,b\n1,2\n", "none": None}
TREE = [{"tree": {"from": ["plan"]}}]
DATA = [{"data": {"values": VALUES}}]
CASES: list[tuple[list[Any], Call]] = [
    (TREE, ("list_files", {})),
    (TREE, ("read_file", {"path": "plan.md"})),
    (TREE, ("read_file", {"path": "long.txt"})),
    (TREE, ("search_files", {"text": "tea"})),
    (TREE, ("search_files", {"text": "nothing"})),
    (TREE, ("write_file", {"path": "a.txt", "content": "a"})),
    (DATA, ("list_values", {})),
    (DATA, ("query_json", {"value": "teas", "path": "$[*].name"})),
    (DATA, ("read_csv", {"value": "csv"})),
    (DATA, ("query_table", {"value": "teas", "steps": [{"select": ["name"]}]})),
]


@pytest.mark.parametrize(("tools", "call"), CASES)
async def test_an_answer_follows_its_schema(tools: list[Any], call: Call) -> None:
    files = [TreeFile("plan.md", LINES.encode()), TreeFile("long.txt", b"x" * 100_001)]
    said = await run_llm(script([call], "Done."), tools, ports={"node_files": FilesInMemory({"plan": files})})
    schema = shown(said, call[0])
    Draft202012Validator(schema | {"unevaluatedProperties": False}).validate(json.loads(said.told[0]))
    assert schema.get("properties") or schema["items"]["$ref"]


async def test_moving_and_deleting_follow_theirs() -> None:
    calls: list[Call] = [
        ("write_file", {"path": "a.txt", "content": "a"}),
        ("move_file", {"path": "a.txt", "to": "b.txt"}),
        ("delete_file", {"path": "b.txt"}),
    ]
    said = await run_llm(script(calls, "Done."), ["tree"])
    for (name, _), told in zip(calls, said.told, strict=True):
        Draft202012Validator(shown(said, name) | {"unevaluatedProperties": False}).validate(json.loads(told))


PET = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "maximum": 2**63 - 1}}}
PET_SHOWN = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


def answered(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a path item whose GET answers so."""
    item = get()
    item["get"] |= {"operationId": "getPet", "responses": {"200": {"description": "", "content": dict(content)}}}
    return item


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}, [{"$ref": "#/$defs/Pet"}]),
        ({"text/csv": {}}, [{"type": "string"}]),
        ({}, [{"type": "null"}]),
        ({"image/png": {}}, None),
    ],
)
async def test_an_operation_tells_what_its_document_says(content: dict[str, Any], body: Any) -> None:
    schema = await schema_of(document({"/pets": answered(content)}, {"Pet": PET}))
    assert schema["properties"].get("body", {}).get("anyOf") == body
    assert schema.get("$defs", {}).get("Pet") == (PET_SHOWN if "application/json" in content else None)


async def test_a_schema_that_would_fill_every_request_is_left_out() -> None:
    large = {"type": "object", "description": "x" * MOST_SCHEMA}
    schema = await schema_of(document({"/pets": answered({"application/json": {"schema": large}})}))
    assert schema == {"type": "object", "properties": {"status": {"type": "integer"}}}


async def schema_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an agent is told of the answers of `getPet`."""
    api = HttpApi(source_at("http://api.test"), await asyncio.to_thread(read, described), USER, str(ROOT))
    said = await run_llm(script("Done."), [{"operations": {"source": "shop"}}], ports={"http": OneApi(api)})
    await api.aclose()
    return shown(said, "getPet")


def shown(said: Said, name: str) -> dict[str, Any]:
    """Return the schema that stands in the description of a function, as the model's server got it."""
    functions = [tool["function"] for tool in said.requests[0].body["tools"]]
    description = next(each["description"] for each in functions if each["name"] == name)
    found: dict[str, Any] = json.loads(description.partition("The answer follows this JSON Schema: ")[2])
    return found


async def test_bounds_of_64_bits_in_parameters_can_be_shown() -> None:
    item = answered({"text/csv": {}})
    item["get"]["parameters"] = [
        {"name": "id", "in": "query", "schema": {"type": "integer", "maximum": 2**63 - 1}},
    ]
    assert await schema_of(document({"/pets": item}))
