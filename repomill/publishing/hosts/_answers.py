"""Turns what an API answered into an error that says who can mend it; the same for every vendor."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import shorten

from repomill.calls.rate_limits import wait_of_refusal
from repomill.calls.statuses import retry_after
from repomill.errors import (
    HostAccessDenied,
    HostRateLimited,
    HostRefused,
    HostUnavailable,
    RepomillError,
    RepositoryMissing,
    RepositoryNameTaken,
)

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_PAUSE = re.compile(r"rate limit|abuse|too many requests", re.IGNORECASE)
_TAKEN = re.compile(r"already (exists|been taken)|has already been|is taken", re.IGNORECASE)
_RESETS = frozenset({"x-ratelimit-reset", "ratelimit-reset"})
_AFTER_RESET = 1.0
"""Seconds to wait when the limit that was spent is back by now: the two clocks may differ a little."""
_SHORTEST_PAUSE = 60.0
"""Seconds to wait when a host limits without saying for how long; GitHub's own advice for secondary limits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal: its status, its text without secrets, its headers by lower-case name, and the time it came."""

    status: int
    text: str
    headers: Mapping[str, str]
    now: float

    @property
    def reason(self) -> str:
        clean = _UNPRINTABLE.sub(" ", self.text).strip()
        return shorten(clean, 300, placeholder=" …") or f"status {self.status}."

    def pause(self) -> float | None:
        """Return the seconds that the host asks to wait; None when it does not limit."""
        limited = self.status == 429 or (self.status == 403 and self._limits())
        if not limited:
            return None
        has_reset = self._spent() and not _RESETS.isdisjoint(self.headers)
        wait = wait_of_refusal(self.headers, datetime.fromtimestamp(self.now, UTC))
        return wait or (_AFTER_RESET if has_reset else _SHORTEST_PAUSE)

    def _limits(self) -> bool:
        return self._spent() or "retry-after" in self.headers or bool(_PAUSE.search(self.text))

    def _spent(self) -> bool:
        return "0" in {self.headers.get("x-ratelimit-remaining"), self.headers.get("ratelimit-remaining")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of which host: `action` completes "does not let this token", `needed` the scope for it."""

    host: str
    action: str
    needed: str
    repository: str = ""

    def failure(self, answer: Answer) -> RepomillError:
        """Say what a refusal means."""
        pause = answer.pause()
        if pause is not None:
            return HostRateLimited(self.host, delay=pause)
        if answer.status in {408, 425} or answer.status >= 500:
            delay = retry_after(answer.headers, datetime.fromtimestamp(answer.now, UTC))
            return HostUnavailable(self.host, answer.reason, delay=delay)
        if answer.status in {401, 403}:
            return HostAccessDenied(self.host, self.action, self.needed, answer.reason)
        return self._other(answer)

    def _other(self, answer: Answer) -> RepomillError:
        if answer.status == 404 and self.repository:
            return RepositoryMissing(self.repository)
        if answer.status in {400, 409, 422} and self.repository and _TAKEN.search(answer.text):
            return RepositoryNameTaken(self.repository, answer.reason)
        return HostRefused(self.host, self.action, answer.reason)
