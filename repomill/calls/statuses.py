"""What HTTP says about a call that was not served: try again, and when."""

from collections.abc import Mapping
from datetime import datetime

from repomill.calls._waits import seconds_until

TOO_FAST = 429
PATIENCE_STATUSES = frozenset({408, 425, TOO_FAST})
"""Statuses below 500 that say: later."""

NOT_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""httpx's names of failures before the request went out."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that `Retry-After` (RFC 9110, 10.2.3) or its form in milliseconds names, 0 for none."""
    milliseconds = headers.get("retry-after-ms", "").strip()
    return seconds_until(f"{milliseconds}ms", now) or seconds_until(headers.get("retry-after", ""), now)
