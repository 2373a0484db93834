"""The example with tools: a discovered API and an MCP server of the registry, asked once and then replayed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.examples import example_folder
from tests.e2e.conftest import Models
from tests.e2e.installation import Installation
from tests.e2e.prefect_server import PrefectServer
from tests.servers.model_server import scripted
from tests.servers.stock_api import TOKEN, stock_api

RESTOCK = example_folder("restock")
MAKE_BLOCKS = f"""
import os
from blocks.http_api import BearerToken, HttpApi
from blocks.mcp_server import McpServer

HttpApi(base_url=os.environ["STOCK"], authentication=BearerToken(token="{TOKEN}")).save("restock", overwrite=True)
McpServer(command=[{sys.executable!r}, "-m", "mcp_server_time"]).save("time", overwrite=True)
"""


@pytest.fixture
def recorded(repomill: Installation, stack: PrefectServer, models: Models, tmp_path: Path) -> Path:
    """Run the example on answers written by hand; the servers are gone afterwards. Returns the recordings."""
    models.answer_with(scripted(json.loads((RESTOCK / "answers.json").read_text())))
    with stock_api({1: 12, 2: 0}) as stock:
        environment = repomill.environment(PREFECT_API_URL=stack.api_url, STOCK=stock.url)
        subprocess.run([sys.executable, "-c", MAKE_BLOCKS], env=environment, check=True, cwd=repomill.work)
        repomill.json("source", "discover", "stock", f"{stock.url}/openapi.json")
        assert "convert_time" in repomill.json("source", "check", "mcp/time")["found"]
        repomill.json("run", RESTOCK / "workflow.yaml", "--recordings", tmp_path / "recordings")
        assert stock.asked == ["listStock"]
    return tmp_path / "recordings"


def test_an_agent_asks_an_api_and_an_mcp_server_and_its_run_replays_without_them(
    repomill: Installation, models: Models, recorded: Path, tmp_path: Path
) -> None:
    first = repomill.json("execution", "show", "latest")
    assert first["status"] == "completed"
    told = [message["content"] for message in models.requests[-1].body["messages"] if message["role"] == "tool"]
    assert '"pieces": 0' in told[0]
    assert "05:30" in told[1]
    asked = len(models.requests)
    again = repomill.json("run", RESTOCK / "workflow.yaml", "--recordings", recorded, "--mode", "strict")
    assert (again["status"], len(models.requests)) == ("completed", asked)
    repomill.json("project", "checkout", "latest", tmp_path / "out")
    assert "from 05:30" in (tmp_path / "out" / "CALLS.md").read_text()
