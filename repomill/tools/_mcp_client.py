"""The adapter to MCP servers: the client that comes with Pydantic AI, connected when it is first needed."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from repomill.apis.addresses import HostRules, LookUp, checked_addresses, look_up
from repomill.calls.sending import AnswerLost, TryAgain
from repomill.canonical import Json, as_canonical
from repomill.errors import McpServerUnfit
from repomill.masking import Masker, secrets_of
from repomill.tools.mcp_source import McpSource
from repomill.workflow.json_schemas import exact_schema

if TYPE_CHECKING:
    from fastmcp.client import Client
    from fastmcp.client.transports import ClientTransport

# A server gets what programs need to run, and none of our secrets.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE")


# What the client makes up when no answer came, among the codes of JSON-RPC.
_CONNECTION_ENDED = frozenset({-32000, -32001})


class _Said(Exception):
    """The server answered with an error."""


class McpClient:
    """One server for one agent run; to be closed.

    The block's owner named the host, which may be an inner one, but never a metadata service. It is looked up when the
    client connects, and what is contacted are the addresses that were checked then.
    """

    def __init__(self, source: McpSource, resolve: LookUp = look_up) -> None:
        self.source = source
        self._resolve = resolve
        self._masker = Masker(secrets_of(source))
        self._client: Client[Any] | None = None

    async def functions(self) -> list[Json]:
        """Return name, description and schemas of what the server offers; raises as `call`."""
        try:
            tools = await self._do(lambda client: client.list_tools())
        except _Said as error:
            raise McpServerUnfit(self.source.name, str(error)) from error
        return [
            {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": exact_schema(tool.input_schema),
                "output": exact_schema(tool.output_schema or {}),
                "read_only": bool(tool.annotations and tool.annotations.read_only_hint),
            }
            for tool in tools
        ]

    async def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Json]:
        """Return `{"content": …, "is_error": …}`; integers beyond 2**53 are text.

        Raises:
            TryAgain: the server could not be reached, so nothing was done.
            AnswerLost: it was asked, and no answer came.
        """
        try:
            result = await self._do(lambda client: client.call_tool_mcp(name, arguments))
        except _Said as error:
            return {"content": str(error), "is_error": True}
        if result.structured_content is not None:
            content: Json = as_canonical(result.structured_content)
        else:
            content = _plain([block.model_dump(mode="json", exclude_none=True) for block in result.content])
        if result.is_error:  # a server may quote the token that it refuses
            content = self._masker.value(content)
        return {"content": content, "is_error": bool(result.is_error)}

    async def aclose(self) -> None:
        """End the session; a server that is a process ends with it."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]  # fastmcp leaves it without types

    async def _do(self, what: Any) -> Any:
        from fastmcp.exceptions import McpError

        client = await self._connected()
        try:
            async with asyncio.timeout(self.source.timeout):
                return await what(client)
        except McpError as error:
            if error.error.code not in _CONNECTION_ENDED:
                raise _Said(self._reason(error)) from None
            await self.aclose()
            raise AnswerLost(self._reason(error)) from None
        except TimeoutError as error:
            raise AnswerLost(f"no answer within {self.source.timeout:g} s") from error
        except (RuntimeError, OSError) as error:
            await self.aclose()
            raise AnswerLost(self._reason(error)) from None

    def _reason(self, error: Exception) -> str:
        return self._masker.text(str(error)) or type(error).__name__

    async def _connected(self) -> "Client[Any]":
        from fastmcp.client import Client
        from fastmcp.exceptions import McpError

        if self._client is None:
            try:
                async with asyncio.timeout(self.source.timeout):
                    client = Client(await self._transport())
                    await client.__aenter__()  # type: ignore[no-untyped-call]  # fastmcp leaves it without types
            except TimeoutError as error:
                raise TryAgain(f"{self.source.name} did not answer within {self.source.timeout:g} s") from error
            except (RuntimeError, OSError, UnicodeError, McpError) as error:
                raise TryAgain(f"{self.source.name} cannot be reached: {self._reason(error)}") from None
            self._client = client
        return self._client

    async def _transport(self) -> "ClientTransport":
        from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

        from repomill.tools._pinned_http import ClientFactory

        if self.source.command:
            known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            given = {name: value.get_secret_value() for name, value in self.source.environment.items()}
            command, *arguments = self.source.command
            return StdioTransport(command, arguments, env=known | given, keep_alive=False, log_file=Path(os.devnull))
        parts = urlsplit(self.source.url)
        rules = HostRules(never_metadata=True).allowing(parts.hostname or "")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = await checked_addresses(parts.hostname or "", port, rules, self._resolve)
        headers = {name: value.get_secret_value() for name, value in self.source.headers.items()}
        return StreamableHttpTransport(self.source.url, headers=headers, httpx_client_factory=ClientFactory(addresses))


def _plain(blocks: list[Any]) -> Json:
    texts = [block["text"] for block in blocks if block.get("type") == "text"]
    return "\n".join(texts) if len(texts) == len(blocks) else blocks
