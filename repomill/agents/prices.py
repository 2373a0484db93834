"""What calls cost, as the source states, else by the price list that comes with Pydantic AI (genai-prices)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from repomill.agents.source import ModelSource
from repomill.calls.ledger import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

_A_MILLION = 1_000_000

HALF_HOUR: Final = timedelta(minutes=30)
A_DAY: Final = timedelta(days=1)
LONGEST_CALL: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What genai-prices wants to know; it reads attributes by name."""

    input_tokens: int
    output_tokens: int
    cache_write_tokens: int | None = None
    cache_read_tokens: int | None = None
    input_audio_tokens: int | None = None
    cache_audio_read_tokens: int | None = None
    output_audio_tokens: int | None = None


def price(  # noqa: PLR0913, PLR0917  # what a price depends on
    source: ModelSource,
    model: str,
    input_tokens: int,
    output_tokens: int,
    cached_tokens: int = 0,
    at: datetime | None = None,
) -> Usage:
    """Return the usage with its cost in US dollars, of an answer that came now, or at an instant.

    The cost is None where the list does not know the endpoint or the model.
    """
    tokens = _Tokens(input_tokens, output_tokens, cache_read_tokens=cached_tokens or None)
    return Usage(input_tokens, output_tokens, _cost(source, model, tokens, at))


def upper_bound(
    source: ModelSource, model: str, request_bytes: int, max_tokens: int, at: datetime | None = None
) -> Decimal | None:
    """Return the most a call can cost that is sent now, or at an instant: a token is at least a byte of the request.

    None without a known price. What it comes to is told by the price at its end, which may be another hour's.
    """
    return dearest(source, model, request_bytes, max_tokens, LONGEST_CALL, at)


def dearest(  # noqa: PLR0913, PLR0917  # what a price depends on
    source: ModelSource,
    model: str,
    input_tokens: int,
    max_tokens: int,
    within: timedelta = A_DAY,
    at: datetime | None = None,
) -> Decimal | None:
    """Return the most a call can cost `within` a while from now, or `at`: some prices depend on the hour, or rise."""
    tokens, now = _Tokens(input_tokens, max_tokens), at or datetime.now(UTC)
    times = within // HALF_HOUR + 1 if _changes(source, model) else 1
    costs = [_cost(source, model, tokens, now + HALF_HOUR * number) for number in range(times)]
    return max((cost for cost in costs if cost is not None), default=None)


def _changes(source: ModelSource, model: str) -> bool:
    if source.input_price is not None and source.output_price is not None:
        return False
    listed = listed_model(source.url, model)
    return listed is not None and isinstance(listed.prices, list)


@cache
def listed_model(url: str, model: str) -> "ModelInfo | None":
    """Return what the list knows of a model of an endpoint."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model, None, None, url)[1]
    except LookupError:
        return None


def _cost(source: ModelSource, model: str, tokens: _Tokens, at: datetime | None = None) -> Decimal | None:
    if source.input_price is not None and source.output_price is not None:
        cost = source.input_price * tokens.input_tokens + source.output_price * tokens.output_tokens
        return cost / _A_MILLION
    from genai_prices import calc_price

    try:
        return calc_price(tokens, model, provider_api_url=source.url, genai_request_timestamp=at).total_price
    except LookupError:
        return None
