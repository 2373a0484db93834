"""The adapter to OpenAI's images API, through the `openai` SDK; imported when the first image is made."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from openai import APIConnectionError, APIError, APIResponseValidationError, APIStatusError, AsyncOpenAI
from openai.types import ImagesResponse

from repomill.calls.rate_limits import rest, wait_of_refusal
from repomill.calls.sending import Answered, AnswerLost, Refused, TryAgain
from repomill.calls.statuses import NOT_SENT, PATIENCE_STATUSES, TOO_FAST, retry_after
from repomill.canonical import Json
from repomill.images.prices import price
from repomill.images.request import ImageRequest
from repomill.images.source import ImageSource
from repomill.masking import masked

POLICY_CODES = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
NO_KEY = "none"
"""The SDK insists on some key; local servers ignore it, OpenAI answers 401."""
REASON_LENGTH = 500


async def generate(source: ImageSource, request: ImageRequest) -> Answered:
    """Ask once. The answer is `{"images": [base64, …], "usage": …}`, or `{"refused": why}` of a content policy.

    Raises:
        Refused: for good, with the status.
        TryAgain: it was not served and nothing is owed.
        AnswerLost: it went out, and no usable answer came back.
    """
    client = AsyncOpenAI(
        base_url=source.url,
        api_key=source.api_key.get_secret_value() or NO_KEY,
        timeout=source.timeout,
        max_retries=0,
        default_headers=source.plain_headers(),
    )
    try:
        async with client:
            parameters: Any = request.parameters()
            raw: Any = await client.images.with_raw_response.generate(**parameters)
            response = raw.parse()
    except APIStatusError as error:
        return _status(source, error)
    except APIConnectionError as error:
        raise _connection(source, error) from None
    except (APIResponseValidationError, APIError, ValueError) as error:
        raise AnswerLost(_reason(source, f"the answer is no answer of the images API: {error}")) from None
    return _answered(source, request, response, raw.headers)


def _answered(source: ImageSource, request: ImageRequest, response: Any, headers: Mapping[str, str]) -> Answered:
    if not isinstance(response, ImagesResponse) or not isinstance(response.data, list) or not response.data:
        raise AnswerLost("the answer is no answer of the images API: it holds no images")
    images: list[Json] = [image.b64_json or "" for image in response.data]
    answer: dict[str, Json] = {"images": images}
    usage: dict[str, Json] | None = (
        response.usage.model_dump(mode="json", exclude_none=True) if response.usage else None
    )
    if usage is not None:
        answer["usage"] = usage
    used = price(source, request, usage, len(images))
    return Answered(answer, used, rest(headers, used, datetime.now(UTC), len(images)))


def _status(source: ImageSource, error: APIStatusError) -> Answered:
    reason = _reason(source, error.message)
    if error.code in POLICY_CODES:
        # An answer, not a failure: asked again, it would be the same.
        return Answered({"refused": reason}, price(source, ImageRequest("", ""), None, 0))
    if error.status_code in PATIENCE_STATUSES or error.status_code >= 500:
        too_fast = error.status_code == TOO_FAST
        delay = (wait_of_refusal if too_fast else retry_after)(error.response.headers, datetime.now(UTC))
        raise TryAgain(f"{error.status_code}: {reason}", delay, too_fast) from None
    raise Refused(error.status_code, reason) from None


def _connection(source: ImageSource, error: APIConnectionError) -> TryAgain | AnswerLost:
    cause = error.__cause__
    reason = _reason(source, str(cause or "") or error.message)
    if type(cause).__name__ in NOT_SENT:
        return TryAgain(f"{source.url} cannot be reached: {reason}")
    return AnswerLost(f"the connection was lost: {reason}")


def _reason(source: ImageSource, text: str) -> str:
    return masked(text, source)[:REASON_LENGTH]
