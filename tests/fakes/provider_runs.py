"""Agents of every provider, each on a model server that speaks its protocol."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from repomill.agents.runner import AgentRunner
from repomill.calls.memory_ledger import MemoryCallLedger
from tests.fakes.agent_runs import runner_for
from tests.servers.model_server import Asked, ModelServer, model_server

PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "chat": {},
    "responses": {"api": "responses", "model": "gpt-5-mini"},
    "azure": {"kind": "azure"},
    "anthropic": {"kind": "anthropic", "model": "claude-opus-4-7"},
    "google": {"kind": "google", "model": "gemini-2.5-flash"},
}


@contextmanager
def served(
    provider: str, answer: Callable[[Asked], Any], ledger: MemoryCallLedger | None = None, **more: Any
) -> Iterator[tuple[ModelServer, AgentRunner]]:
    with model_server(answer) as server:
        base = server.base_url if provider in {"chat", "responses"} else server.base_url.removesuffix("/v1")
        yield server, runner_for(base, ledger, **{"api_key": "sk-secret", **PROVIDERS[provider], **more})
