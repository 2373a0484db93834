"""An MCP server of the SDK itself: python -m tests.servers.mcp_teas [PORT]; over HTTP with a port, else stdio."""

import os
import sys
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

server = MCPServer("teas", log_level="CRITICAL")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def price(tea: str) -> float:
    """Price of a tea in euros."""
    if tea == "unknown":
        raise ToolError(f"no such tea for {os.environ.get('SHOP', 'nobody')}")
    return {"matcha": 12.5}.get(tea, 3.0)


@server.tool()
def order(tea: str) -> str:
    """Order a tea; the name `die` ends the server."""
    if tea == "die":
        os._exit(3)
    return f"ordered {tea} for {os.environ.get('SHOP', 'nobody')}"


@server.tool()
def number_of(order: Annotated[int, Field(le=2**63 - 1)]) -> dict[str, int]:
    """Number of an order, of 64 bits."""
    return {"order": order, "number": 2**63 - 1}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
