"""What the sources of a workflow can be."""

from enum import StrEnum


class SourceKind(StrEnum):
    """What a source speaks; each kind has a Prefect block type that holds its endpoint and its secrets."""

    OPENAI = "openai"
    """OpenAI, and every endpoint that speaks its protocol."""
    AZURE = "azure"
    """Azure OpenAI."""
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    IMAGES = "images"
    """OpenAI images, and every endpoint that speaks its protocol."""
    DATABASE = "database"
    """PostgreSQL, MySQL or SQLite."""
    HTTP = "http"
    """An HTTP API, as a rule described by an OpenAPI document."""

    MCP = "mcp"
    """A server that speaks the Model Context Protocol: a command, or a URL."""


MODEL_SOURCES = frozenset({SourceKind.OPENAI, SourceKind.AZURE, SourceKind.ANTHROPIC, SourceKind.GOOGLE})
"""Kinds that answer an agent."""

KNOWN_BY_BLOCK = frozenset({SourceKind.DATABASE, SourceKind.MCP})
"""Kinds whose address may be a secret: which one was asked is told by the name of its block."""
