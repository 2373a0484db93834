"""The MCP server `mcp-server-time`, which speaks stdio only, over HTTP: python -m tests.servers.mcp_time PORT."""

import sys

from mcp_server_time.server import create_server  # type: ignore[import-untyped]  # no py.typed

if __name__ == "__main__":
    create_server("UTC").run("streamable-http", port=int(sys.argv[1]))
