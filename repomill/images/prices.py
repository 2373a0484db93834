"""What images cost: as the source states, else by tokens and the price list that comes with Pydantic AI."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from repomill.calls.ledger import Usage
from repomill.canonical import Json
from repomill.images.request import ImageRequest
from repomill.images.source import ImageSource

# Tokens of one image, by quality and size, of the models that are billed by this table; others are billed by formulas
# that OpenAI does not publish. https://developers.openai.com/api/docs/guides/image-generation
_TOKENS: Mapping[str, Mapping[str, int]] = {
    "low": {"1024x1024": 272, "1024x1536": 408, "1536x1024": 400},
    "medium": {"1024x1024": 1056, "1024x1536": 1584, "1536x1024": 1568},
    "high": {"1024x1024": 4160, "1024x1536": 6240, "1536x1024": 6208},
}
_BY_TABLE = ("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5")


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What genai-prices wants to know; it reads attributes by name."""

    input_tokens: int
    output_tokens: int
    input_image_tokens: int = 0
    output_image_tokens: int = 0


def upper_bound(source: ImageSource | None, request: ImageRequest) -> Usage:
    """Return the most a request can consume; without a known price its cost is None."""
    input_tokens = len(request.prompt.encode())  # a token is at least one byte
    each = _tokens_of_one(request)
    output_tokens = (each or 0) * request.n
    if source is not None and source.price_per_image is not None:
        return Usage(input_tokens, output_tokens, source.price_per_image * request.n)
    if source is None or each is None:
        return Usage(input_tokens, 0, None)
    tokens = _Tokens(input_tokens, output_tokens, output_image_tokens=output_tokens)
    return Usage(input_tokens, output_tokens, _list_price(source, request.model, tokens))


def price(source: ImageSource, request: ImageRequest, usage: Mapping[str, Json] | None, images: int) -> Usage:
    """Return what an answer consumed; `usage` is what the endpoint said of it, None where it said nothing."""
    said = usage or {}
    tokens = _Tokens(
        _count(said, "input_tokens"),
        _count(said, "output_tokens"),
        _count(_mapping(said.get("input_tokens_details")), "image_tokens"),
        # Endpoints that name no details make nothing but images.
        _count(_mapping(said.get("output_tokens_details")), "image_tokens", _count(said, "output_tokens")),
    )
    if source.price_per_image is not None:
        return Usage(tokens.input_tokens, tokens.output_tokens, source.price_per_image * images)
    cost = _list_price(source, request.model, tokens) if usage else None
    return Usage(tokens.input_tokens, tokens.output_tokens, cost)


def _tokens_of_one(request: ImageRequest) -> int | None:
    if not request.model.startswith(_BY_TABLE):
        return None
    by_size = _TOKENS["high" if request.quality == "auto" else request.quality] if request.quality in _KNOWN else {}
    return max(by_size.values(), default=None) if request.size == "auto" else by_size.get(request.size)


_KNOWN = frozenset({*_TOKENS, "auto"})


def _list_price(source: ImageSource, model: str, tokens: _Tokens) -> Decimal | None:
    from genai_prices import calc_price

    try:
        return calc_price(tokens, model, provider_api_url=source.url).total_price
    except LookupError:
        return None


def _count(said: Mapping[str, Json], name: str, default: int = 0) -> int:
    value = said.get(name)
    return value if isinstance(value, int) else default


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
