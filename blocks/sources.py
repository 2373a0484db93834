"""Which block holds a source of which kind."""

from collections.abc import Mapping
from typing import Any

from prefect.blocks.core import Block
from prefect_sqlalchemy import SqlAlchemyConnector  # type: ignore[import-untyped]  # no py.typed

from blocks.database_source import database_source
from blocks.http_api import HttpApi
from blocks.image_provider import ImageProvider
from blocks.mcp_server import McpServer
from blocks.model_source import AnthropicSource, AzureOpenAISource, GoogleSource, OpenAISource
from repomill.sources import SourceKind

SOURCE_BLOCKS: Mapping[SourceKind, type[Block]] = {
    SourceKind.OPENAI: OpenAISource,
    SourceKind.AZURE: AzureOpenAISource,
    SourceKind.ANTHROPIC: AnthropicSource,
    SourceKind.GOOGLE: GoogleSource,
    SourceKind.IMAGES: ImageProvider,
    SourceKind.HTTP: HttpApi,
    SourceKind.MCP: McpServer,
    SourceKind.DATABASE: SqlAlchemyConnector,
}
"""Ours have a method `source(name, model)` that returns what the core works with."""


async def load_source(kind: SourceKind, block: str, name: str, model: str) -> Any:
    """Return the source; raises ValueError, as Prefect does, when there is no such block."""
    if kind not in SOURCE_BLOCKS:
        raise ValueError(f"no block holds sources of kind {kind}")
    loaded: Any = await SOURCE_BLOCKS[kind].aload(block)
    return database_source(loaded, name) if kind is SourceKind.DATABASE else loaded.source(name, model)


def block_type(kind: SourceKind) -> str:
    """Return the slug under which the Prefect UI lists the blocks of a kind."""
    return str(SOURCE_BLOCKS[kind].get_block_type_slug()) if kind in SOURCE_BLOCKS else kind.value
