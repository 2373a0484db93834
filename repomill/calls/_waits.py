"""How long a header says that something takes from now on."""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

UNIX: Final = 10**9
"""Numbers from here on are Unix time, smaller ones seconds from now: nobody counts in windows of thirty years."""

UNIX_MS: Final = 10**12
"""Numbers from here on are Unix time in milliseconds."""

_NUMBER = re.compile(r"\d{1,15}(?:\.\d+)?")
_DURATION = re.compile(r"(?:\d{1,15}(?:\.\d+)?(?:ms|[dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_until(text: str, now: datetime) -> float:
    """Return the seconds to `1m30s`, `20ms`, `12.5`, `1767268860` or a date of ISO or HTTP; 0 for anything else."""
    text = text.strip()
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if _NUMBER.fullmatch(text):
        return _of_number(float(text), now)
    try:
        return max(0.0, (_date(text) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _of_number(number: float, now: datetime) -> float:
    if number < UNIX:
        return number
    instant = number / 1000 if number >= UNIX_MS else number
    return max(0.0, instant - now.timestamp())


def _date(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
