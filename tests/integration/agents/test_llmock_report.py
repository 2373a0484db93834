"""A server that judges its clients: agents of its providers, broken answers and streams, and nothing to complain of."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.runner import AgentRunner
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.heard import Hear
from repomill.calls.ledger import LedgerMode
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.retry import RetryPolicy
from repomill.errors import CallRefused
from tests.fakes.agent_runs import ROOT, ask, texts
from tests.fakes.listening import Listening
from tests.servers.llmock_server import Llmock, llmock_server

PROVIDERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/v1", {"model": "gpt-4o-mini"}),
    "responses": ("/v1", {"model": "gpt-5-mini", "api": "responses"}),
    "anthropic": ("/anthropic", {"model": "claude-opus-4-7", "kind": "anthropic"}),
    "google": ("/gemini", {"model": "gemini-2.5-flash", "kind": "google"}),
}

HELD_UP: list[dict[str, Any]] = [
    {"type": "fail", "status": 429, "retry_after": 0.6, "times": 2},
    *({"type": "fail", "status": status} for status in (408, 500, 503)),
    {"type": "delay", "seconds": 3.0},
]
"""Passing faults, each for one call or more; the last is an answer that does not come in time."""

REFUSED = (400, 401, 403, 404)

CUT_OFF: list[dict[str, Any]] = [
    *({"type": "stream_fault", "kind": kind, "after_chunks": 4} for kind in ("disconnect", "truncate", "malformed")),
    {"type": "stream_fault", "kind": "stall", "after_chunks": 4, "stall_seconds": 6.0},
]
"""Streams that break in the middle of the text: Anthropic's third event is a `ping`, of which nothing is read."""


@pytest.fixture(scope="module")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llmock]:
    with llmock_server(tmp_path_factory.mktemp("llmock")) as server:
        yield server


def agents_of(provider: str, llmock: Llmock, hear: Hear | None) -> AgentRunner:
    """Return agents that wait as they do in a run, but for a shorter time."""
    path, given = PROVIDERS[provider]
    source = ModelSource(name="main", base_url=f"{llmock.url}{path}", api_key=SecretStr("k"), timeout=1.5, **given)
    retry = RetryPolicy(base=0.1, jitter=lambda: 0.0)
    return AgentRunner({"main": source}, LedgeredCalls(MemoryCallLedger(ROOT), LedgerMode.LIVE, retry=retry), hear)


@pytest.mark.parametrize("hear", [None, Listening()], ids=["at once", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_it_finds_nothing_to_complain_of(provider: str, hear: Hear | None, llmock: Llmock) -> None:
    llmock.forget()
    async with agents_of(provider, llmock, hear) as agents:
        for number, faults in enumerate([[], *([each] for each in [*HELD_UP, *(CUT_OFF if hear else [])])]):
            if faults:
                llmock.behave(*faults)
            prompt = f"Say something of {provider}, {number}, {'streamed' if hear else 'at once'}."
            assert texts([(await agents.run(ask(prompt, f"held[{number}]"))).output]) != [""]
        for status in REFUSED:
            llmock.behave({"type": "fail", "status": status})
            with pytest.raises(CallRefused):
                await agents.run(ask(f"Refuse {provider}, {status}, {hear is None}.", f"refused[{status}]"))
    verdict = llmock.verdict()
    assert verdict["findings"] == []
    assert verdict["faults_injected"] >= len(HELD_UP) + len(REFUSED)
