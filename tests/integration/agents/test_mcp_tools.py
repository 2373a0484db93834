"""Agents that use a server of the MCP SDK, over stdio and over HTTP."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.apis.addresses import LookUp
from repomill.calls.ledger import CallKind, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.sending import TryAgain
from repomill.errors import (
    AddressRefused,
    CallUnavailable,
    CallUncertain,
    McpServerUnfit,
    RecordingMissing,
    SourceMissing,
)
from repomill.tools._mcp_client import McpClient
from repomill.tools.mcp_source import McpSource
from tests.fakes.agent_runs import ROOT
from tests.fakes.agent_tools import OneSource, run_llm, script
from tests.fakes.hostile_urls import leads_to
from tests.servers.processes import free_ports, running
from tests.servers.waiting import wait_until

COMMAND = (sys.executable, "-m", "tests.servers.mcp_teas")
TEAS = [{"mcp": {"source": "teas"}}]


def stdio() -> McpSource:
    return McpSource(name="teas", command=COMMAND, environment={"SHOP": SecretStr("Ada")}, timeout=30)


@pytest.fixture(scope="module")
def over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpSource]:
    [port], log = free_ports(1), tmp_path_factory.mktemp("mcp") / "log"
    with running([*COMMAND, str(port)], log):
        wait_until(lambda: _listens(port))
        yield McpSource(name="teas", url=f"http://127.0.0.1:{port}/mcp", timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def ports(source: McpSource | None) -> dict[str, Any]:
    return {"sources": OneSource(source)}


async def test_functions_of_a_command_are_called_with_its_environment_and_kept() -> None:
    ledger = MemoryCallLedger(ROOT)
    answer = script([("price", {"tea": "matcha"}), ("order", {"tea": "matcha"})], "Done.")
    said = await run_llm(answer, TEAS, ledger, ports=ports(stdio()))
    assert json.loads(said.told[0]) == {"result": 12.5}
    assert json.loads(said.told[1]) == {"result": "ordered matcha for Ada"}
    kinds = [request.kind for request in ledger.requests.values()]
    assert kinds.count(CallKind.MCP) >= 3


async def test_integers_of_64_bits_keep_their_digits() -> None:
    said = await run_llm(script([("number_of", {"order": 7})], "Done."), TEAS, ports=ports(stdio()))
    assert json.loads(said.told[0]) == {"order": 7, "number": str(2**63 - 1)}
    [shown] = [tool["function"] for tool in said.requests[0].body["tools"] if tool["function"]["name"] == "number_of"]
    assert shown["parameters"]["properties"]["order"] == {"type": "integer"}


async def test_functions_of_a_server_over_http_are_called(over_http: McpSource) -> None:
    said = await run_llm(script([("price", {"tea": "matcha"})], "Done."), TEAS, ports=ports(over_http))
    assert json.loads(said.told[0]) == {"result": 12.5}


async def names_of(source: McpSource, resolve: LookUp) -> list[Any]:
    """Return the functions of a server whose name leads where the resolver says."""
    client = McpClient(source, resolve)
    try:
        return [each["name"] for each in await client.functions() if isinstance(each, dict)]
    finally:
        await client.aclose()


async def test_a_server_over_http_is_asked_at_the_addresses_that_were_checked(over_http: McpSource) -> None:
    source = over_http.model_copy(update={"url": over_http.url.replace("127.0.0.1", "localhost")})
    assert await names_of(source, leads_to(["127.0.0.2", "127.0.0.1"], ["10.0.0.5"])) == ["price", "order", "number_of"]
    with pytest.raises(TryAgain, match="cannot be reached"):
        await names_of(source, leads_to(["127.0.0.2"]))


async def test_a_server_whose_name_has_no_address_is_unavailable() -> None:
    source = McpSource(name="teas", url="http://no-such-host.invalid/mcp", timeout=30)
    with pytest.raises(CallUnavailable, match="cannot be reached"):
        await run_llm(script("Done."), TEAS, ports=ports(source))


async def test_a_resumed_agent_asks_the_server_nothing_that_was_answered() -> None:
    ledger, answer = MemoryCallLedger(ROOT), script([("order", {"tea": "matcha"})], "Done.")
    first = await run_llm(answer, TEAS, ledger, ports=ports(stdio()))
    again = await run_llm(answer, TEAS, ledger, LedgerMode.STRICT, ports=ports(None))
    assert again.result == first.result
    assert again.requests == []


async def test_what_one_server_answered_does_not_stand_for_another_of_its_name() -> None:
    ledger, answer = MemoryCallLedger(ROOT), script([("order", {"tea": "matcha"})], "Done.")
    await run_llm(answer, TEAS, ledger, ports=ports(stdio()))
    with pytest.raises(RecordingMissing):
        await run_llm(answer, TEAS, ledger, LedgerMode.STRICT, ports={"sources": OneSource(None, "other")})


async def test_what_the_server_says_is_wrong_is_told_to_the_model() -> None:
    answer = script([("price", {"tea": "unknown"}), ("price", {"teas": "x"})], "Done.")
    said = await run_llm(answer, TEAS, ports=ports(stdio()))
    assert "Error executing tool price" in said.told[0]
    assert "'tea' is a required property" in said.told[1]


async def test_what_the_server_says_is_wrong_is_told_without_its_secrets() -> None:
    source = stdio().model_copy(update={"environment": {"SHOP": SecretStr("shop-sentinel-2c9e")}})
    said = await run_llm(script([("price", {"tea": "unknown"})], "Done."), TEAS, ports=ports(source))
    assert "no such tea for ***" in said.told[0]


async def test_a_call_whose_answer_was_lost_is_not_made_again() -> None:
    with pytest.raises(CallUncertain):
        await run_llm(script([("order", {"tea": "die"})], "Done."), TEAS, ports=ports(stdio()))


async def test_only_functions_that_are_included_are_shown_under_their_prefix() -> None:
    tools = [{"mcp": {"source": "teas", "include": ["price"], "prefix": "tea_"}}]
    said = await run_llm(script([("tea_price", {"tea": "x"})], "Done."), tools, ports=ports(stdio()))
    [shown] = said.requests[0].body["tools"]
    assert shown["function"]["name"] == "tea_price"
    assert json.loads(said.told[0]) == {"result": 3.0}


async def test_a_function_that_the_server_does_not_have_is_an_error_before_the_model_is_asked() -> None:
    tools = [{"mcp": {"source": "teas", "include": ["prize"]}}]
    with pytest.raises(McpServerUnfit, match="no function 'prize', did you mean 'price'"):
        await run_llm(script("Done."), tools, ports=ports(stdio()))


async def test_a_missing_block_is_named() -> None:
    with pytest.raises(SourceMissing, match="repomill-mcp-server/teas"):
        await run_llm(script("Done."), TEAS, ports=ports(None))


async def test_a_command_that_does_not_exist_is_unavailable() -> None:
    source = McpSource(name="teas", command=("/no/such/program",), timeout=30)
    with pytest.raises(CallUnavailable, match="cannot be reached"):
        await run_llm(script("Done."), TEAS, ports=ports(source))


async def test_a_metadata_service_is_never_asked() -> None:
    source = McpSource(name="teas", url="http://169.254.169.254/mcp", timeout=30)
    with pytest.raises(AddressRefused, match="link-local"):
        await run_llm(script("Done."), TEAS, ports=ports(source))
