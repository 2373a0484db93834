"""What the other side says of its limits beside an answer, and how long the next call had better wait.

OpenAI and those who copy it send `x-ratelimit-remaining-requests` and the like, Anthropic
`anthropic-ratelimit-requests-remaining`; both name when all of the limit is back, the one as a duration, the other as
an instant (https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits).

HTTP APIs send `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), `RateLimit-Remaining` as its older drafts have it,
or `X-RateLimit-Remaining` as GitHub does. They count in windows: with the next one, all of the limit is back at once.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from repomill.calls._limit_fields import members
from repomill.calls._waits import seconds_until
from repomill.calls.ledger import FREE, Usage
from repomill.calls.statuses import retry_after

EVEN: Final = ("x-ratelimit-{fact}-{of}", "anthropic-ratelimit-{of}-{fact}")
WINDOWS: Final = ("ratelimit-{fact}", "x-ratelimit-{fact}", "x-rate-limit-{fact}")
FACTS: Final = ("limit", "remaining", "reset")

LONGEST: Final = timedelta(hours=1).total_seconds()
"""Nobody waits longer on a word beside an answer: if it was misread, an hour is lost, and if not, a 429 says so."""


def rest(headers: Mapping[str, str], usage: Usage, now: datetime, images: int = 1) -> float:
    """Return the seconds until a call like the one that was answered fits the limits again, 0 where it does now.

    `headers` have names in lower case. What cannot be read is as if it had not been said.
    """
    needs = {
        "requests": 1,
        "tokens": usage.input_tokens + usage.output_tokens,
        "input-tokens": usage.input_tokens,
        "output-tokens": usage.output_tokens,
        "images": images,
    }
    even = (_even(_said(headers, each, of), need, now) for each in EVEN for of, need in needs.items())
    windows = (_window(_said(headers, each), now) for each in WINDOWS)
    return min(LONGEST, max(*even, *windows, *_structured(headers, now)))


def wait_of_refusal(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds until who was asked too fast wants to be asked again, 0 where it does not say."""
    return retry_after(headers, now) or rest(headers, FREE, now)


def _said(headers: Mapping[str, str], spelling: str, of: str = "") -> dict[str, str]:
    return {fact: headers.get(spelling.format(fact=fact, of=of), "").strip() for fact in FACTS}


def _even(said: Mapping[str, str], need: int, now: datetime) -> float:
    """A limit fills evenly, so what is missing is back after its share of the time that all of the limit takes."""
    remaining, limit = _count(said["remaining"]), _count(said["limit"])
    if remaining is None or remaining >= need:
        return 0.0
    full = seconds_until(said["reset"], now)
    spent = (limit or 0) - remaining
    return full if spent <= 0 else full * min(1.0, (need - remaining) / spent)


def _window(said: Mapping[str, str], now: datetime) -> float:
    """A limit of 0 is how some say that there is none."""
    is_used_up = _count(said["remaining"]) == 0 and _count(said["limit"]) != 0
    return seconds_until(said["reset"], now) if is_used_up else 0.0


def _structured(headers: Mapping[str, str], now: datetime) -> Iterator[float]:
    """One wait for each policy: until its window's end (`t`), which is no further away than its length (`w`)."""
    told, policies = list(members(headers.get("ratelimit", ""))), dict(members(headers.get("ratelimit-policy", "")))
    for name, left in told:
        policy = policies.get(name, {})
        limits_calls_at_once = policy.get("qu") == '"concurrent-requests"'
        if not limits_calls_at_once:
            reset = left.get("t") or policy.get("w", "")
            yield _window({"limit": policy.get("q", ""), "remaining": left.get("r", ""), "reset": reset}, now)
    older = {fact: value for fact, _, value in (name.partition("=") for name, _ in told)}
    yield _window(dict.fromkeys(FACTS, "") | older, now)


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 20 else None
