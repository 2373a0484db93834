"""A provider that says beside an answer that a limit is used up: all who share the queue leave it alone for a while."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.queues import Told, Turn
from tests.fakes.agent_runs import MODEL, ROOT, ask, patience
from tests.fakes.listening import Listening
from tests.servers.model_server import Reply, model_server

KINDS: dict[str, dict[str, Any]] = {
    "chat": {"kind": "openai"},
    "responses": {"kind": "openai", "api": "responses"},
    "azure": {"kind": "azure"},
    "anthropic": {"kind": "anthropic", "model": "claude-opus-4-7"},
    "google": {"kind": "google", "model": "gemini-2.5-flash"},
}
USED_UP = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "9s"}
LEFT = {"X-RateLimit-Remaining-Requests": "3", "X-RateLimit-Reset-Requests": "9s"}


class Pauses(list[tuple[str, float]]):
    """Queues that let every call go at once and write down their pauses."""

    @asynccontextmanager
    async def turn(self, source: str, told: Told, tokens: int = 0) -> AsyncIterator[Turn]:
        yield Turn()

    async def pause(self, source: str, seconds: float) -> None:
        self.append((source, seconds))


async def pauses(kind: str, listening: Listening | None, *replies: Reply) -> Pauses:
    """Ask for an answer and return the pauses that came of it."""
    with model_server(lambda asked: replies[asked.number - 1]) as server:
        root = server.base_url if kind in {"chat", "responses"} else server.base_url.removesuffix("/v1")
        settings = {"model": MODEL} | KINDS[kind]
        source = ModelSource(name="main", base_url=root, api_key=SecretStr("k"), **settings)
        found, ledger = Pauses(), MemoryCallLedger(ROOT)
        calls = LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(), queues=found)
        async with AgentRunner({"main": source}, calls, listening) as agents:
            assert (await agents.run(ask())).output == {"text": "fine"}
    return found


@pytest.mark.parametrize("listening", [lambda: None, Listening], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", KINDS)
async def test_everybody_waits_for_a_limit_that_is_used_up(
    kind: str, listening: Callable[[], Listening | None]
) -> None:
    assert await pauses(kind, listening(), Reply("fine", headers=USED_UP)) == [("main", 9.0)]


@pytest.mark.parametrize("listening", [lambda: None, Listening], ids=["whole", "streamed"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_without_retry_after_is_waited_for_as_its_limits_say(
    kind: str, listening: Callable[[], Listening | None]
) -> None:
    assert await pauses(kind, listening(), Reply(status=429, headers=USED_UP), Reply("fine")) == [("main", 9.0)]


@pytest.mark.parametrize("headers", [LEFT, {}])
async def test_nobody_waits_while_something_is_left(headers: dict[str, str]) -> None:
    assert await pauses("chat", None, Reply("fine", headers=headers)) == []
