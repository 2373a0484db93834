"""Every operation of a described API can be called with plain arguments."""

import re

import pytest
from jsonschema import Draft202012Validator

from repomill.apis.client import HttpApi
from repomill.apis.operation_tools import OperationTool, operation_tools
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.node_calls import NodeCalls
from repomill.errors import ApiRequestInvalid
from tests.fakes.api_calls import ROOT, USER, described, source_at
from tests.servers.pet_api import PetApi


async def tools_of(pets: PetApi) -> dict[str, OperationTool]:
    api = HttpApi(source_at(pets.url), await described(pets.url), USER, str(ROOT))
    return {tool.name: tool for tool in operation_tools(api)}


async def test_each_has_a_name_a_description_and_a_schema_that_stands_for_itself(pets: PetApi) -> None:
    tools = await tools_of(pets)
    assert {"getPet", "createPet", "listPets"} <= tools.keys()
    for name, tool in tools.items():
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)
        assert tool.description
        Draft202012Validator.check_schema(tool.schema())


async def test_a_call_is_checked_and_made_once(pets: PetApi) -> None:
    tool = (await tools_of(pets))["createPet"]
    ledger = MemoryCallLedger(ROOT)
    for _ in range(2):
        calls = NodeCalls(LedgeredCalls(ledger, LedgerMode.LIVE), "agent")
        answer = await tool.call(calls, "agent", {"body": {"name": "Bella"}})
        assert (answer.status, answer.json()["name"]) == (201, "Bella")
        with pytest.raises(ApiRequestInvalid, match="body/name"):
            await tool.call(calls, "agent", {"body": {"name": 5}})
    await tool.api.aclose()
    assert sum(seen.method == "POST" for seen in pets.seen) == 1


async def test_without_a_document_there_are_none(pets: PetApi) -> None:
    assert list(operation_tools(HttpApi(source_at(pets.url), None, USER, "root"))) == []
