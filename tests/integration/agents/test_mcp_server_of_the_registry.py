"""A server that others wrote, mcp-server-time, over stdio and over HTTP."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repomill.calls.ledger import LedgerMode
from repomill.tools.mcp_source import McpSource
from tests.fakes.agent_tools import OneSource, run_llm, script
from tests.servers.processes import free_ports, running
from tests.servers.waiting import wait_until

KOLKATA = {"source_timezone": "Asia/Tokyo", "time": "09:00", "target_timezone": "Asia/Kolkata"}


@pytest.fixture(params=["stdio", "http"])
def time(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[McpSource]:
    if request.param == "stdio":
        yield McpSource(name="time", command=(sys.executable, "-m", "mcp_server_time"), timeout=30)
        return
    [port] = free_ports(1)
    with running([sys.executable, "-m", "tests.servers.mcp_time", str(port)], tmp_path / "log"):
        wait_until(lambda: _listens(port))
        yield McpSource(name="time", url=f"http://127.0.0.1:{port}/mcp", timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_its_functions_are_called_with_their_schemas_and_its_mistakes_are_told(time: McpSource) -> None:
    calls = [("convert_time", KOLKATA), ("convert_time", KOLKATA | {"time": "99:00"}), ("convert_time", {"time": "1"})]
    said = await run_llm(script(calls, "Done."), [{"mcp": {"source": "time"}}], ports={"sources": OneSource(time)})
    assert "05:30" in json.loads(said.told[0])["target"]["datetime"]
    assert "HH:MM" in said.told[1]
    assert "is a required property" in said.told[2]
    shown = {tool["function"]["name"] for tool in said.requests[0].body["tools"]}
    assert shown == {"get_current_time", "convert_time"}


async def test_a_run_is_replayed_from_its_recordings_without_the_server(tmp_path: Path) -> None:
    time = McpSource(name="time", command=(sys.executable, "-m", "mcp_server_time"), timeout=30)
    answer, tools = script([("convert_time", KOLKATA)], "Done."), [{"mcp": {"source": "time"}}]
    first = await run_llm(answer, tools, ports={"sources": OneSource(time)}, folder=tmp_path)
    gone = {"sources": OneSource(None)}
    again = await run_llm(answer, tools, mode=LedgerMode.STRICT, ports=gone, folder=tmp_path)
    assert (again.result, again.requests) == (first.result, [])
