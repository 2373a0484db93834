"""What HTTP says about a call that was not served: try again, and when."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOO_FAST = 429
PATIENCE_STATUSES = frozenset({408, 425, TOO_FAST})
"""Statuses below 500 that say: later."""

NOT_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""httpx's names of failures before the request went out."""


def _now() -> datetime:
    return datetime.now(UTC)


def retry_after(headers: Mapping[str, str], now: Callable[[], datetime] = _now) -> float:
    """Return the seconds that `Retry-After` (RFC 9110, 10.2.3) or its form in milliseconds names, 0 for none."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        named = headers.get("retry-after", "").strip()
        if not named:
            return 0.0
        if named.replace(".", "", 1).isdigit():
            return float(named)
        return max(0.0, (parsedate_to_datetime(named) - now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0
