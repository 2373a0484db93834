"""Sources: where an endpoint of a model provider is and how to talk to it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from repomill.sources import SourceKind

OPENAI_URL = "https://api.openai.com/v1"

PROVIDER_URLS: Mapping[SourceKind, str] = {
    SourceKind.OPENAI: OPENAI_URL,
    SourceKind.ANTHROPIC: "https://api.anthropic.com",
    SourceKind.GOOGLE: "https://generativelanguage.googleapis.com",
}
"""Where a provider is when its block names no URL; every Azure resource has its own."""


class EndpointSource(BaseModel):
    """One endpoint under the name by which workflows use it.

    `base_url` is empty for the provider itself, `api_key` for local servers that want none; `timeout` is in seconds and
    bounds the wait for the next byte. `model` is taken where a node names none. The limits, of calls at once, calls a
    minute and tokens a minute, hold for all who name no queue of their own; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    model: str = ""
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    timeout: Annotated[float, Field(gt=0)] = 120.0
    concurrency: Annotated[int | None, Field(gt=0)] = None
    requests_per_minute: Annotated[int | None, Field(gt=0)] = None
    tokens_per_minute: Annotated[int | None, Field(gt=0)] = None

    @field_validator("base_url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("a base URL starts with http:// or https://")
        return value

    @property
    def url(self) -> str:
        """Return the base URL with OpenAI's filled in: the SDK's own default could come from the environment."""
        return self.base_url or OPENAI_URL

    def plain_headers(self) -> dict[str, str]:
        """Return the headers as they are sent."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


class ModelSource(EndpointSource):
    """One endpoint of a provider of models.

    Prices are in US dollars for a million tokens; stated ones win over the price list.
    """

    kind: SourceKind = SourceKind.OPENAI
    api: Literal["chat", "responses"] = "chat"
    """Which of OpenAI's two APIs is spoken, there and on Azure."""
    api_version: str = ""
    """Of Azure."""
    input_price: Annotated[Decimal | None, Field(ge=0)] = None
    output_price: Annotated[Decimal | None, Field(ge=0)] = None

    @property
    def url(self) -> str:
        """Return the base URL with the provider's filled in: the SDK's own default could come from the environment."""
        return self.base_url or PROVIDER_URLS.get(self.kind, "")

    @property
    def takes_documents(self) -> bool:
        """Whether its API takes PDF documents; its models may take none all the same."""
        return self.kind is not SourceKind.AZURE or self.api == "responses"
