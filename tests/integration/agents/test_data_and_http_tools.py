"""Agents that ask values, hosts and operations of an API."""

import json
from typing import Any
from uuid import uuid4

import pytest

from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import ToolNameTaken
from repomill.tools.operations import function_name
from tests.fakes.agent_tools import run_llm, script
from tests.servers.model_server import model_server
from tests.servers.pet_api import Fault, pet_api

VALUES = {"teas": [{"name": "Matcha", "price": 12}, {"name": "Sencha", "price": 5}], "csv": "a,b\n1,2\n"}
DATA = [{"data": {"values": VALUES}}]
"""The `data` tools over two values."""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            ("list_values", {}),
            [{"name": "teas", "kind": "list", "size": 2}, {"name": "csv", "kind": "text", "size": 8}],
        ),
        (("query_json", {"value": "teas", "path": "$[?@.price > 10].name"}), {"results": ["Matcha"]}),
        (("query_json", {"value": "teas", "path": "$[*].name", "offset": 1}), {"results": ["Sencha"]}),
        (("read_csv", {"value": "csv"}), {"results": [{"a": "1", "b": "2"}]}),
        (
            ("query_table", {"value": "teas", "steps": [{"sort": [{"by": "price"}]}, {"select": ["name"]}]}),
            {"columns": ["name"], "results": [{"name": "Sencha"}, {"name": "Matcha"}]},
        ),
    ],
)
async def test_values_are_queried(call: tuple[str, dict[str, Any]], told: Any) -> None:
    said = await run_llm(script([call], "Done."), DATA)
    assert json.loads(said.told[0]) == told


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("query_json", {"value": "coffee", "path": "$"}), "there is no value 'coffee'; there is teas, csv"),
        (("query_json", {"value": "teas", "path": "$[["}), "the path cannot be used"),
        (("read_csv", {"value": "teas"}), "'teas' is no text"),
        (("query_table", {"value": "teas", "steps": [{"select": ["prize"]}]}), "prize"),
        (("query_table", {"value": "teas", "steps": [{"python": "import os"}]}), "python"),
    ],
)
async def test_what_cannot_be_queried_is_told(call: tuple[str, dict[str, Any]], told: str) -> None:
    said = await run_llm(script([call], "Done."), DATA)
    assert told in said.told[0]


async def test_a_host_that_is_named_is_asked() -> None:
    with model_server(lambda _: "x") as web:
        url = web.base_url.replace("/v1", "/nothing")
        calls = [("http_request", {"url": url, "method": "POST", "body": "{}"})]
        tools = [{"http": {"hosts": ["127.0.0.1"], "methods": ["POST"]}}]
        said = await run_llm(script(calls, "Done."), tools)
    assert json.loads(said.told[0])["status"] == 404
    assert "no route /nothing" in said.told[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"url": "http://127.0.0.1:1/"}, "the workflow does not name it"),
        ({"url": "http://2130706433/"}, "the workflow does not name it"),
        ({"url": "file:///etc/passwd"}, "starts with http"),
        ({"url": "http://user:key@tea.test/"}, "no user name or password"),
        ({"url": "http://169.254.169.254/latest"}, "link-local"),
        ({"url": "http://tea.test/", "method": "DELETE"}, "DELETE is not allowed"),
        ({"url": "http://tea.test/", "headers": {"A": "b\nc"}}, "one line of ASCII"),
        ({"url": "http://tea.test/", "headers": {"Host": "inner.test"}}, "not yours to set"),
    ],
)
async def test_what_must_not_be_asked_is_refused_in_words(arguments: dict[str, Any], told: str) -> None:
    tools = [{"http": {"hosts": ["tea.test", "169.254.169.254"]}}]
    said = await run_llm(script([("http_request", arguments)], "Done."), tools)
    assert told in said.told[0]


async def test_functions_of_one_name_are_refused_before_the_model_is_asked() -> None:
    with pytest.raises(ToolNameTaken, match="http_request"):
        await run_llm(script("Done."), [{"http": {"hosts": ["a.test"]}}, {"http": {"hosts": ["b.test"]}}])


@pytest.mark.parametrize(
    ("name", "safe"), [("GET /pets/{id}", "GET_pets_id"), ("list.pets", "list_pets"), ("/", "operation")]
)
def test_names_of_operations_fit_every_provider(name: str, safe: str) -> None:
    assert function_name(name) == safe


async def test_requests_of_two_runs_are_told_apart_and_those_of_one_run_are_sent_alike() -> None:
    with pet_api() as pets:
        calls = [("http_request", {"url": f"{pets.url}/pets", "method": "POST", "body": "{}"})]
        tools = [{"http": {"hosts": ["127.0.0.1"], "methods": ["POST"]}}]
        pets.faults = [Fault(drops=True)]
        for _ in range(2):
            await run_llm(script(calls, "Done."), tools, MemoryCallLedger(uuid4()))
        keys = [seen.headers["idempotency-key"] for seen in pets.seen]
    assert (len(keys), len(set(keys))) == (3, 2)
