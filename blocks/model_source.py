"""Blocks: providers of models."""

from decimal import Decimal
from typing import ClassVar, Literal

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr, field_validator

from blocks.limits import CallsAMinute, CallsAtOnce
from blocks.secret_maps import SecretMaps
from repomill.agents.source import ModelSource
from repomill.apis.source import check_url
from repomill.sources import SourceKind


class _Provider(SecretMaps):
    """What blocks of all providers hold."""

    kind: ClassVar[SourceKind]

    api_key: SecretStr = Field(
        title="API key", description="Key of the provider; any text where an endpoint wants none."
    )
    base_url: str = Field(
        default="", title="Base URL", description="Base URL of the endpoint; empty for the provider itself."
    )
    model: str = Field(default="", title="Model", description="Model used where a workflow names none.")
    timeout: float = Field(default=120, gt=0, title="Timeout", description="Seconds to wait for an answer.")
    input_price: Decimal | None = Field(
        default=None,
        ge=0,
        title="Price of prompts",
        description="US dollars for a million tokens of prompts; empty for the price list.",
    )
    output_price: Decimal | None = Field(
        default=None,
        ge=0,
        title="Price of answers",
        description="US dollars for a million tokens of answers; empty for the price list.",
    )
    concurrency: CallsAtOnce = None
    requests_per_minute: CallsAMinute = None
    tokens_per_minute: int | None = Field(
        default=None,
        gt=0,
        title="Tokens a minute",
        description="Most tokens a minute, in and out, of all workflows that name no queue; empty for no bound.",
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, title="Headers", description="Headers of every request besides the key."
    )

    @field_validator("base_url")
    @classmethod
    def _is_an_http_url(cls, value: str) -> str:
        return check_url(value) if value else value

    def source(self, name: str, model: str = "") -> ModelSource:
        """Return the source a workflow knows as `name`; `model` wins over the block's own."""
        given = {key: getattr(self, key) for key in _Provider.model_fields if key != "model"}
        return ModelSource(name=name, kind=self.kind, model=model or self.model, **given, **self._more())

    def _more(self) -> dict[str, str]:
        """Return what only this provider has."""
        return {}


class OpenAISource(_Provider, Block):
    """OpenAI, or any endpoint that speaks its protocol."""

    _block_type_name = "Repomill OpenAI Source"
    _block_type_slug = "repomill-openai"
    _description = "OpenAI, or any endpoint that speaks its protocol."
    _documentation_url = HttpUrl("https://platform.openai.com/docs/api-reference")

    kind: ClassVar[SourceKind] = SourceKind.OPENAI
    api: Literal["chat", "responses"] = Field(
        default="chat", title="API", description="Which of OpenAI's APIs is spoken."
    )

    def _more(self) -> dict[str, str]:
        return {"api": self.api}


class AzureOpenAISource(_Provider, Block):
    """A resource of Azure OpenAI; models are named by their deployments."""

    _block_type_name = "Repomill Azure OpenAI Source"
    _block_type_slug = "repomill-azure-openai"
    _description = "A resource of Azure OpenAI; models are named by their deployments."
    _documentation_url = HttpUrl("https://learn.microsoft.com/azure/ai-services/openai/reference")

    kind: ClassVar[SourceKind] = SourceKind.AZURE
    base_url: str = Field(
        min_length=1, title="Endpoint", description="Endpoint of the resource, as `https://NAME.openai.azure.com`."
    )
    api: Literal["chat", "responses"] = Field(
        default="chat", title="API", description="Which of OpenAI's APIs is spoken."
    )
    api_version: str = Field(
        default="",
        title="API version",
        description="Version of Azure's API; empty for the newest one that is no preview.",
    )

    def _more(self) -> dict[str, str]:
        return {"api": self.api, "api_version": self.api_version}


class AnthropicSource(_Provider, Block):
    """Anthropic, or any endpoint that speaks its Messages API."""

    _block_type_name = "Repomill Anthropic Source"
    _block_type_slug = "repomill-anthropic"
    _description = "Anthropic, or any endpoint that speaks its Messages API."
    _documentation_url = HttpUrl("https://docs.anthropic.com/en/api/messages")

    kind: ClassVar[SourceKind] = SourceKind.ANTHROPIC


class GoogleSource(_Provider, Block):
    """Google's Gemini API."""

    _block_type_name = "Repomill Google Source"
    _block_type_slug = "repomill-google"
    _description = "Google's Gemini API."
    _documentation_url = HttpUrl("https://ai.google.dev/api/generate-content")

    kind: ClassVar[SourceKind] = SourceKind.GOOGLE
