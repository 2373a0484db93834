"""A provider that allows so many tokens a minute: a bucket that fills evenly, and 429 for a call that it cannot pay.

limit = TokenLimit(90_000); with model_server(limit) as server: limit.begin(); … limit.used, limit.refused
"""

import json
import threading
import time
from collections.abc import Callable

from tests.servers.model_server import Asked, Reply

TEXT = "Four letters are one token. " * 57
"""Every answer: 400 tokens as the model server counts them."""


class TokenLimit:
    """Counts what its own answers name as their usage, once it began: a minute's tokens have then just gone out."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.time) -> None:
        self.per_minute = per_minute
        self.used = self.refused = 0
        self.began = self.last = 0.0
        self._clock = clock
        self._filled_at, self._level = 0.0, 0.0
        self._lock = threading.Lock()

    def begin(self) -> None:
        self.began = self._filled_at = self._clock()

    @property
    def share(self) -> float:
        """How much of what the limit allowed was used, from its beginning to the last answer."""
        return self.used / (self.per_minute / 60 * (self.last - self.began))

    def __call__(self, asked: Asked) -> Reply:
        if not self.began:
            return Reply(TEXT)
        tokens = _tokens(asked.prompt) + _tokens(json.dumps([TEXT]))
        with self._lock:
            now = self._clock()
            filled = self._level + (now - self._filled_at) * self.per_minute / 60
            self._filled_at, self._level = now, min(filled, self.per_minute)
            if tokens > self._level:
                self.refused += 1
                wait = (tokens - self._level) * 60 / self.per_minute
                return Reply("tokens a minute", status=429, headers={"Retry-After-Ms": str(round(wait * 1000))})
            self._level -= tokens
            self.used, self.last = self.used + tokens, now
        return Reply(TEXT)


def _tokens(text: str) -> int:
    return len(text) // 4 + 1
