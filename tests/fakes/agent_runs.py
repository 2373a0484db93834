"""Short ways to a runner for tests: one source `main` on some URL, no real waiting."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from repomill.agents.request import AgentRequest
from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.heard import Hear
from repomill.calls.ledger import CallLedger, LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.progress import CallProgress
from repomill.calls.recordings import Recordings
from repomill.calls.retry import RetryPolicy

ROOT = UUID("0190a000-0000-7000-8000-000000000001")
MODEL = "gpt-4o-mini"
UNREACHABLE = "http://127.0.0.1:9/v1"
"""The discard port: nothing listens there."""


class Waits(list[float]):
    """A `sleep` that only writes down how long it should have taken."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def patience(waits: Waits | None = None, **settings: Any) -> RetryPolicy:
    return RetryPolicy(sleep=Waits() if waits is None else waits, jitter=lambda: 0.0, **settings)


def ask(prompt: str = "Say hello.", node_path: str = "plan", **settings: Any) -> AgentRequest:
    return AgentRequest(node_path, "main", prompt, **{"max_tokens": 500, **settings})


def runner_for(  # noqa: PLR0917
    base_url: str = UNREACHABLE,
    ledger: CallLedger | None = None,
    mode: LedgerMode = LedgerMode.LIVE,
    folder: Path | None = None,
    waits: Waits | None = None,
    api_key: str = "",
    seen: list[CallProgress] | None = None,
    timeout: float = 30,
    hear: Hear | None = None,
    **more: Any,
) -> AgentRunner:
    key = SecretStr(api_key)
    source = ModelSource(name="main", base_url=base_url, api_key=key, timeout=timeout, **{"model": MODEL, **more})
    calls = LedgeredCalls(
        ledger or MemoryCallLedger(ROOT),
        mode,
        Recordings(folder) if folder else None,
        retry=patience(waits),
        progress=(seen.append if seen is not None else lambda _: None),
    )
    return AgentRunner({"main": source}, calls, hear)


def texts(outputs: Iterable[Any]) -> list[str]:
    return [output["text"] for output in outputs]
