"""The models that an endpoint says it has: a question that costs nothing, and needs the right key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from repomill.agents.source import EndpointSource, ModelSource
from repomill.apis.client import HttpApi
from repomill.apis.source import ActingUser, ApiKey, ApiSource, Auth, Bearer, NoAuth
from repomill.errors import ApiDocumentUnreadable, ApiForbidden, ApiUnauthorized, CallUnavailable
from repomill.sources import SourceKind

AZURE_LIST_VERSION = "2024-10-21"
ANTHROPIC_VERSION = "2023-06-01"
MAX_SIZE = 10 * 1024 * 1024
NOBODY = ActingUser("", "", "", "")


@dataclass(frozen=True, slots=True)
class _Listing:
    """Where a provider lists its models, and the header that holds the key; "" for a bearer token."""

    path: str
    key_header: str = ""
    headers: Mapping[str, str] | None = None


_LISTINGS = {
    SourceKind.OPENAI: _Listing("/models"),
    SourceKind.AZURE: _Listing(f"/openai/models?api-version={AZURE_LIST_VERSION}", "api-key"),
    SourceKind.ANTHROPIC: _Listing("/v1/models", "x-api-key", {"anthropic-version": ANTHROPIC_VERSION}),
    SourceKind.GOOGLE: _Listing("/v1beta/models", "x-goog-api-key"),
}


async def listed_models(source: EndpointSource, block: str) -> tuple[str, ...] | None:
    """Return the names of the endpoint's models; None from one that answers and has no list of them.

    Raises:
        ApiUnauthorized, ApiForbidden: the key of the block is not taken.
        CallUnavailable: nothing answers, or it asks for patience.
    """
    listing = _LISTINGS[source.kind if isinstance(source, ModelSource) else SourceKind.OPENAI]
    more = {name: SecretStr(value) for name, value in (listing.headers or {}).items()}
    api = ApiSource(
        name=source.name,
        block=block,
        base_url=source.url.rstrip("/"),
        auth=_auth(source.api_key, listing.key_header),
        headers=more | dict(source.headers),
        timeout=source.timeout,
    )
    return _names(await asked(api, source.url.rstrip("/") + listing.path))


async def asked(source: ApiSource, url: str, user: ActingUser = NOBODY) -> Any:
    """Return what a GET with the credentials of a source gives, None for what is no JSON; raises as `listed_models`."""
    api = HttpApi(source, None, user, "check")
    try:
        answer = await api.read(url, MAX_SIZE)
    except ApiDocumentUnreadable as error:
        raise CallUnavailable(source.name, error.reason) from error
    finally:
        await api.aclose()
    if answer.status == 401:
        raise ApiUnauthorized(source.name, source.block, answer.excerpt(source))
    if answer.status == 403:
        raise ApiForbidden(source.name, source.block, answer.excerpt(source))
    if answer.status == 429 or answer.status >= 500:
        raise CallUnavailable(source.name, f"{answer.status}: {answer.excerpt(source)}")
    try:
        return answer.json() if answer.status < 300 else None
    except ValueError:
        return None


def _auth(key: SecretStr, header: str) -> Auth:
    if not key.get_secret_value():
        return NoAuth()
    return ApiKey(key=key, name=header) if header else Bearer(token=key)


def _names(answer: Any) -> tuple[str, ...] | None:
    """Read the list: OpenAI, Azure and Anthropic have `data` with an `id`, Google `models` with a `name`."""
    found = (answer.get("data") or answer.get("models")) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        return None
    named = (each.get("id") or each.get("name") for each in found if isinstance(each, dict))
    return tuple(str(name).removeprefix("models/") for name in named if name)
