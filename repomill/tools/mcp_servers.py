"""The `mcp` tools: the functions of a server that speaks the Model Context Protocol."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Annotated, Any, ClassVar

from pydantic import Field

from repomill.agents.functions import Function
from repomill.calls.ledger import FREE, CallKind
from repomill.calls.port import Calls
from repomill.calls.sending import Answered
from repomill.canonical import Json
from repomill.errors import McpServerUnfit, ToolRefused
from repomill.sources import SourceKind
from repomill.tools._mcp_client import McpClient
from repomill.tools.base import Opened, ToolContext, Toolset, ToolSettings
from repomill.tools.mcp_source import McpSource
from repomill.workflow._nearest import did_you_mean


class McpSettings(ToolSettings):
    """Settings of `mcp`."""

    source: Annotated[str, Field(min_length=1, description="Name of a source of kind `mcp`.")]
    include: Annotated[tuple[str, ...], Field(description="Functions that the agent gets; all when empty.")] = ()
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$", description="Put before the names of the functions.")] = ""
    max_calls: Annotated[int, Field(gt=0, description="Calls of each function that one run may make.")] = 50
    repeatable: Annotated[
        bool, Field(description="Whether a call whose answer was lost may be made again, effects and all.")
    ] = False


class McpServers(Toolset[McpSettings]):
    """Uses the functions of an MCP server: a command or a URL, as the block of its source says."""

    name: ClassVar[str] = "mcp"
    version: ClassVar[int] = 1
    settings_model = McpSettings
    source_kinds: ClassVar[frozenset[SourceKind]] = frozenset({SourceKind.MCP})

    def sources(self, settings: McpSettings) -> tuple[str, ...]:
        """Return the one server."""
        return (settings.source,)

    async def open(self, settings: McpSettings, context: ToolContext, stack: AsyncExitStack) -> Opened:
        """Ask the server, once per execution, what it offers; it is contacted only when something is really asked.

        Raises:
            SourceMissing: there is no such block, and asking was needed.
            McpServerUnfit: it does not offer what `include` names.
            CallUnavailable, CallUncertain, RecordingMissing: as `Calls.call` says.
        """
        source = context.sources.find(settings.source, McpSource)
        client = McpClient(source or McpSource(name=settings.source))
        stack.push_async_callback(client.aclose)

        async def ask() -> Answered:
            context.sources.get(settings.source, McpSource)
            return Answered({"functions": await client.functions()}, FREE)

        server: dict[str, Json] = {"mcp": settings.source, "server": context.sources.identity(settings.source)}
        stored = await context.calls.call(CallKind.MCP, settings.source, {**server, "method": "tools/list"}, ask)
        offered: Any = stored["functions"]
        return Opened(tuple(_function(settings, client, server, each) for each in _chosen(settings, offered)))


def _chosen(settings: McpSettings, offered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {each["name"]: each for each in offered}
    for name in settings.include:
        if name not in known:
            raise McpServerUnfit(settings.source, f"it has no function {name!r}, {did_you_mean(name, known)}")
    return [known[name] for name in settings.include] if settings.include else offered


def _function(
    settings: McpSettings, client: McpClient, server: Mapping[str, Json], offered: Mapping[str, Any]
) -> Function:
    name, timeout = str(offered["name"]), client.source.timeout

    async def run(arguments: Mapping[str, Any], calls: Calls) -> Json:
        async def send() -> Answered:
            return Answered(await client.call(name, dict(arguments)), FREE)

        asked: Json = {**server, "method": "tools/call", "name": name, "arguments": dict(arguments)}
        repeatable = settings.repeatable or bool(offered.get("read_only"))
        answer = await calls.call(CallKind.MCP, settings.source, asked, send, repeatable=repeatable)
        if answer.get("is_error"):
            raise ToolRefused(str(answer["content"]))
        return answer["content"]

    return Function(
        name=settings.prefix + name,
        description=str(offered.get("description") or ""),
        parameters=offered["parameters"],
        run=run,
        output=offered.get("output") or {},
        timeout=timeout * 2,
        max_calls=settings.max_calls,
    )
