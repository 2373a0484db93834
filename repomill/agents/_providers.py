"""Clients of the providers, by kind of source; each SDK is imported when the first client of its kind is made.

No client retries by itself: the choke point does, and keeps count.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repomill.agents._answer_headers import hooks
from repomill.sources import SourceKind

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from pydantic_ai.models import Model
    from pydantic_ai.providers import Provider

    from repomill.agents.source import ModelSource

NO_KEY = "none"
"""The SDKs insist on some key; local servers ignore it, providers answer 401."""

AZURE_API_VERSION = "2024-10-21"
"""The newest one that is no preview and knows structured output."""


@dataclass(frozen=True)
class ProviderClient:
    """One source's client: gives Pydantic AI's model of a name, and is closed."""

    model: "Callable[[str], Model]"
    aclose: Callable[[], Awaitable[None]]


def provider_client(source: "ModelSource") -> ProviderClient:
    """Return a client for the source."""
    return _CLIENTS[source.kind](source)


def _key(source: "ModelSource") -> str:
    return source.api_key.get_secret_value() or NO_KEY


def _openai(source: "ModelSource") -> ProviderClient:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient
    from pydantic_ai.providers.openai import OpenAIProvider

    client = AsyncOpenAI(
        base_url=source.url,
        api_key=_key(source),
        timeout=source.timeout,
        max_retries=0,
        default_headers=source.plain_headers(),
        http_client=DefaultAsyncHttpxClient(event_hooks=hooks()),
    )
    return _openai_models(source, OpenAIProvider(openai_client=client), client)


def _azure(source: "ModelSource") -> ProviderClient:
    from openai import AsyncAzureOpenAI, DefaultAsyncHttpxClient
    from pydantic_ai.providers.azure import AzureProvider

    client = AsyncAzureOpenAI(
        azure_endpoint=source.url,
        api_version=source.api_version or AZURE_API_VERSION,
        api_key=_key(source),
        timeout=source.timeout,
        max_retries=0,
        default_headers=source.plain_headers(),
        http_client=DefaultAsyncHttpxClient(event_hooks=hooks()),
    )
    return _openai_models(source, AzureProvider(openai_client=client), client)


def _openai_models(source: "ModelSource", provider: "Provider[AsyncOpenAI]", client: "AsyncOpenAI") -> ProviderClient:
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel

    def model(name: str) -> "Model":
        if source.api == "responses":
            return OpenAIResponsesModel(name, provider=provider)
        return OpenAIChatModel(name, provider=provider)

    return ProviderClient(model, client.close)


def _anthropic(source: "ModelSource") -> ProviderClient:
    from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(
        base_url=source.url,
        api_key=_key(source),
        timeout=source.timeout,
        max_retries=0,
        default_headers=source.plain_headers(),
        http_client=DefaultAsyncHttpxClient(event_hooks=hooks()),
    )
    provider = AnthropicProvider(anthropic_client=client)
    return ProviderClient(lambda name: AnthropicModel(name, provider=provider), client.close)


def _google(source: "ModelSource") -> ProviderClient:
    import httpx2
    from google.genai import Client
    from google.genai.types import HttpOptions, HttpRetryOptions
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    # By default the SDK takes the older httpx, whose failures Pydantic AI does not know.
    http = httpx2.AsyncClient(timeout=source.timeout, event_hooks=hooks())
    options = HttpOptions(
        base_url=source.url,
        httpx_async_client=http,
        headers=source.plain_headers(),
        timeout=round(source.timeout * 1000),
        retry_options=HttpRetryOptions(attempts=1),
    )
    client = Client(vertexai=False, api_key=_key(source), http_options=options)
    provider = GoogleProvider(client=client)
    return ProviderClient(lambda name: GoogleModel(name, provider=provider), http.aclose)


_CLIENTS: "Mapping[SourceKind, Callable[[ModelSource], ProviderClient]]" = {
    SourceKind.OPENAI: _openai,
    SourceKind.AZURE: _azure,
    SourceKind.ANTHROPIC: _anthropic,
    SourceKind.GOOGLE: _google,
}
