"""Every provider over HTTP, at once and as a stream: text, functions, structured output, and each way to fail."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from repomill.agents.functions import Function
from repomill.agents.runner import AgentRunner
from repomill.calls.ledger import CallState
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.port import Calls
from repomill.errors import AnswerCut, CallRefused, CallUnavailable, CallUncertain
from tests.fakes.agent_runs import ROOT, ask, runner_for
from tests.fakes.listening import Listening
from tests.fakes.provider_runs import PROVIDERS, served
from tests.servers.model_server import ModelServer, Reply
from tests.servers.protocols import OUTPUT
from tests.servers.waiting import wait_until

PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "azure": "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "anthropic": "/v1/messages",
    "google": "/v1beta/models/gemini-2.5-flash:generateContent",
}
STREAMED = {"google": "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"}
KEYS = {"azure": "api-key", "google": "x-goog-api-key"}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}

Serve = Callable[..., AbstractContextManager[tuple[ModelServer, AgentRunner]]]

pytestmark = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(params=[None, Listening()], ids=["at once", "streamed"])
def at(provider: str, request: pytest.FixtureRequest) -> Serve:
    """Serve a provider whose answers come at once, or as a stream."""
    return partial(served, provider, hear=request.param)


async def test_it_answers_with_text_at_the_right_place_with_key_and_headers(provider: str, at: Serve) -> None:
    with at(lambda _: "Hello.", headers={"X-Team": SecretStr("tea")}) as (server, agents):
        async with agents:
            answer = await agents.run(ask(system_prompt="Be brief."))
    [asked] = server.requests
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert answer.output == {"text": "Hello."}
    assert asked.path in {PATHS[provider], STREAMED.get(provider)}
    assert headers["x-team"] == "tea"
    assert "sk-secret" in headers[KEYS.get(provider, "authorization")]
    assert answer.usage.input_tokens > 0


async def test_structured_output_is_repaired_until_it_follows_the_schema(at: Serve) -> None:
    replies = [Reply(calls=[(OUTPUT, {"n": "one"})]), Reply(calls=[(OUTPUT, {"n": 1})])]
    with at(lambda asked: replies[asked.number - 1]) as (server, agents):
        async with agents:
            answer = await agents.run(ask(schema=SCHEMA))
    assert answer.output == {"n": 1}
    assert len(server.requests) == 2


async def test_functions_are_called_and_their_answers_come_back(at: Serve) -> None:
    async def double(arguments: Any, calls: Calls) -> Any:
        return {"doubled": arguments["n"] * 2}

    function = Function("double", "Doubles.", SCHEMA, double)
    replies = [Reply(calls=[("double", {"n": 21})]), Reply("It is 42.")]
    with at(lambda asked: replies[asked.number - 1]) as (server, agents):
        async with agents:
            answer = await agents.run(ask(functions=(function,), max_calls=5))
    assert answer.output == {"text": "It is 42."}
    assert "doubled" in str(server.requests[1].body)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_final_says_why_and_hides_the_key(at: Serve, status: int) -> None:
    with at(lambda _: Reply("not for sk-secret", status=status)) as (server, agents):
        async with agents:
            with pytest.raises(CallRefused, match=rf"{status}: not for \*\*\*"):
                await agents.run(ask())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
async def test_an_endpoint_that_asks_for_patience_is_asked_again(at: Serve, status: int) -> None:
    replies = [Reply(status=status), Reply("fine")]
    with at(lambda asked: replies[asked.number - 1]) as (server, agents):
        async with agents:
            assert (await agents.run(ask())).output == {"text": "fine"}
    assert len(server.requests) == 2


@pytest.mark.parametrize("reply", [Reply(drop="after"), Reply(raw="<html>"), Reply(raw="{}"), Reply(raw='{"a": [')])
async def test_an_answer_that_is_none_is_in_doubt_and_asked_for_once_more(at: Serve, reply: Reply) -> None:
    ledger = MemoryCallLedger(ROOT)
    with at(lambda _: reply, ledger) as (server, agents):
        async with agents:
            with pytest.raises(CallUncertain):
                await agents.run(ask())
    assert len(server.requests) == 2
    assert [row.state for row in ledger.rows.values()] == [CallState.UNCERTAIN]


async def test_a_server_that_stalls_is_given_up(at: Serve) -> None:
    with at(lambda _: Reply(hang=True), timeout=0.3) as (server, agents):
        async with agents:
            with pytest.raises(CallUncertain):
                await agents.run(ask())
        wait_until(lambda: len(server.requests) == 2)  # it may read the second after it was given up


async def test_an_endpoint_that_is_not_there_is_unavailable(provider: str) -> None:
    async with runner_for("http://127.0.0.1:9", **PROVIDERS[provider]) as agents:
        with pytest.raises(CallUnavailable, match="cannot be reached"):
            await agents.run(ask())


CUT = {"chat": "length", "azure": "length", "responses": "max_output_tokens", "anthropic": "max_tokens"}
FILTERED = {"chat": "content_filter", "azure": "content_filter", "responses": "content_filter", "anthropic": "refusal"}


async def test_an_answer_that_reached_its_bound_is_cut_and_never_used(provider: str, at: Serve) -> None:
    with at(lambda _: Reply("half", finish_reason=CUT.get(provider, "MAX_TOKENS"))) as (_, agents):
        async with agents:
            with pytest.raises(AnswerCut, match="max_tokens, 500"):
                await agents.run(ask())


async def test_an_answer_that_was_filtered_is_a_state_of_its_own(provider: str, at: Serve) -> None:
    with at(lambda _: Reply("no", finish_reason=FILTERED.get(provider, "SAFETY"))) as (_, agents):
        async with agents:
            with pytest.raises(AnswerCut, match="content filter"):
                await agents.run(ask())


EARLY = {
    "anthropic": ["pause_turn"],
    "google": ["MALFORMED_FUNCTION_CALL", "LANGUAGE", "OTHER"],
    "responses": ["steered"],
}


async def test_an_answer_that_did_not_end_by_itself_is_never_used(provider: str, at: Serve) -> None:
    for reason in EARLY.get(provider, ["guardrail_intervened"]):
        with at(lambda _, reason=reason: Reply("half", finish_reason=reason)) as (_, agents):
            async with agents:
                with pytest.raises(AnswerCut, match=reason):
                    await agents.run(ask())
