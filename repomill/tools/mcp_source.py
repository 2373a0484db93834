"""Where an MCP server is, as a block holds it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class McpSource(BaseModel):
    """An MCP server under the name by which a workflow knows it: a command to start, or a URL to ask.

    `timeout` is in seconds and bounds every exchange. A command gets what programs need to run and its own
    `environment`, nothing else of ours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    command: tuple[str, ...] = ()
    environment: dict[str, SecretStr] = Field(default_factory=dict)
    url: str = ""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout: Annotated[float, Field(gt=0)] = 60.0
