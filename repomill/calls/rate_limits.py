"""What providers say of their limits beside an answer, and how long the next call had better wait.

OpenAI and those who copy it send `x-ratelimit-remaining-requests` and the like, Anthropic
`anthropic-ratelimit-requests-remaining`; both name when all of the limit is back, the one as a duration, the other as
an instant (https://platform.openai.com/docs/guides/rate-limits, https://docs.anthropic.com/en/api/rate-limits).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from repomill.calls.ledger import Usage

SPELLINGS: Final = ("x-ratelimit-{fact}-{of}", "anthropic-ratelimit-{of}-{fact}")
LONGEST: Final = timedelta(days=1).total_seconds()
"""Of a wait in seconds that is believed; larger numbers are instants of some kind."""

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def rest(headers: Mapping[str, str], usage: Usage, now: datetime) -> float:
    """Return the seconds until a call like the one that was answered fits the limits again, 0 where it does now.

    Limits fill evenly, so what is missing is back after its share of the time that all of the limit takes. `headers`
    have names in lower case. What cannot be read is as if it had not been said.
    """
    needs = {
        "requests": 1,
        "tokens": usage.input_tokens + usage.output_tokens,
        "input-tokens": usage.input_tokens,
        "output-tokens": usage.output_tokens,
    }
    return max(_rest(headers, spelling, of, need, now) for spelling in SPELLINGS for of, need in needs.items())


def _rest(headers: Mapping[str, str], spelling: str, of: str, need: int, now: datetime) -> float:
    said = {fact: headers.get(spelling.format(fact=fact, of=of), "") for fact in ("limit", "remaining", "reset")}
    remaining, limit = _count(said["remaining"]), _count(said["limit"])
    if remaining is None or remaining >= need:
        return 0.0
    full = _seconds(said["reset"].strip(), now)
    spent = (limit or 0) - remaining
    return full if spent <= 0 else full * min(1.0, (need - remaining) / spent)


def _count(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _seconds(text: str, now: datetime) -> float:
    """Return how long it is until a reset: `1m30s`, `20ms`, `12.5` or `2026-01-01T12:00:00Z`."""
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        return seconds if 0 <= (seconds := float(text)) <= LONGEST else 0.0
    except ValueError:
        pass
    try:
        return max(0.0, (datetime.fromisoformat(text) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0
