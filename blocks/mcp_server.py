"""Block: a server that speaks the Model Context Protocol."""

from typing import Any, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, field_validator, model_validator

from blocks.secret_maps import SecretMaps
from repomill.apis.source import check_url
from repomill.tools.mcp_source import McpSource


def _at(position: int) -> dict[str, Any]:
    return {"position": position}


class McpServer(SecretMaps, Block):
    """A server whose functions agents may use: a command that workers start, or a URL."""

    model_config = ConfigDict(title="MCP server")

    _block_type_name = "Repomill MCP Server"
    _block_type_slug = "repomill-mcp-server"
    _description = "A server whose functions agents may use: a command that workers start, or a URL."
    _documentation_url = HttpUrl("https://modelcontextprotocol.io")

    command: list[str] = Field(
        default_factory=list,
        title="Command",
        description="Program and arguments; workers run it as the user they are.",
        json_schema_extra=_at(0),
    )
    environment: dict[str, SecretStr] = Field(
        default_factory=dict,
        title="Environment",
        description="Variables that the command gets besides PATH, HOME and the like.",
        json_schema_extra=_at(1),
    )
    url: str = Field(
        default="",
        title="URL",
        description="Where a server answers over HTTP, in place of a command.",
        json_schema_extra=_at(2),
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict,
        title="Headers",
        description="Headers of every request to the URL, such as Authorization.",
        json_schema_extra=_at(3),
    )
    timeout: float = Field(
        default=60, gt=0, title="Timeout", description="Seconds that an exchange may take.", json_schema_extra=_at(4)
    )

    @field_validator("url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        return check_url(value) if value else value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.command) is bool(self.url):
            raise ValueError("give either a command or a URL")
        return self

    def source(self, name: str, model: str = "") -> McpSource:
        """Return the source a workflow knows as `name`; a server has no model."""
        return McpSource(
            name=name,
            command=tuple(self.command),
            environment=self.environment,
            url=self.url,
            headers=self.headers,
            timeout=self.timeout,
        )
