"""Every provider's stream over HTTP, and images in every provider's prompt."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from repomill.agents.attachments import Attachment
from repomill.agents.request import AgentAnswer
from repomill.calls.heard import ChunkKind
from repomill.calls.ledger import CallState
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.errors import CallUncertain
from tests.fakes.agent_runs import ROOT, ask
from tests.fakes.listening import Listening
from tests.fakes.provider_runs import PROVIDERS, served
from tests.servers.model_server import Asked, Reply

PRICES = {"input_price": 1, "output_price": 2}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(90))

pytestmark = pytest.mark.parametrize("provider", PROVIDERS)


async def run(
    provider: str,
    answer: Callable[[Asked], Any],
    hear: Listening | None,
    ledger: MemoryCallLedger | None = None,
    patient: float = 30,
    **asked: Any,
) -> tuple[AgentAnswer, list[Asked]]:
    with served(provider, answer, ledger, timeout=patient, hear=hear, **PRICES) as (server, agents):
        async with agents:
            return await agents.run(ask(**asked)), server.requests


async def test_text_comes_in_pieces_and_is_kept_as_if_it_had_come_at_once(provider: str) -> None:
    hear, text = Listening(), "Once upon a time there was a tea."
    streamed, _ = await run(provider, lambda _: text, hear)
    plain, _ = await run(provider, lambda _: text, None)
    assert streamed.output == plain.output == {"text": hear.text(ChunkKind.TEXT)} == {"text": text}
    assert streamed.usage == plain.usage
    assert len(hear.told) > 2


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_an_answer_that_tells_no_usage_is_charged_at_its_bound(provider: str, is_streamed: bool) -> None:
    ledger, uncounted = MemoryCallLedger(ROOT), Reply("tea", counts=False)
    answer, _ = await run(provider, lambda _: uncounted, Listening() if is_streamed else None, ledger)
    [call] = ledger.requests.values()
    assert [answer.usage] == list(ledger.usage.values()) == [call.bound]
    assert call.bound.output_tokens == 500
    assert call.bound.cost


async def test_a_stream_that_breaks_off_is_asked_for_once_more_and_then_in_doubt(provider: str) -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallUncertain):
        await run(provider, lambda _: Reply("never, never, never whole", cut=True), Listening(), ledger)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


LONGER = {"Content-Length": "999999"}
"""Promises more than comes, so that the connection breaks off."""


async def test_a_connection_that_breaks_off_after_the_end_of_the_answer_loses_nothing(provider: str) -> None:
    ledger = MemoryCallLedger(ROOT)
    whole, _ = await run(provider, lambda _: "tea, tea, tea", None)
    answer, _ = await run(provider, lambda _: Reply("tea, tea, tea", headers=LONGER), Listening(), ledger)
    assert (answer.output, answer.usage) == (whole.output, whole.usage)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.SETTLED, 1)]


async def test_a_connection_that_breaks_off_before_the_end_of_the_answer_loses_it(provider: str) -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallUncertain):
        await run(provider, lambda _: Reply("never, never whole", cut=True, headers=LONGER), Listening(), ledger)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


FAULTS = {
    "anthropic": 'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}\n\n',
    "google": 'data: {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}\n\n',
    "responses": 'event: error\ndata: {"type": "error", "code": "server_error", "message": "busy"}\n\n',
}
OPENAI_FAULT = 'data: {"error": {"message": "busy", "type": "server_error", "code": "server_error"}}\n\n'
BROKEN = [Reply("half, half", cut=True, tail=tail) for tail in ('data: {"a": [\n\n', "data: [1]\n\n", "<html>\n\n")]


async def test_an_error_within_a_stream_is_a_lost_answer_since_tokens_have_come(provider: str) -> None:
    ledger, asked = MemoryCallLedger(ROOT), Reply("half, half", cut=True, tail=FAULTS.get(provider, OPENAI_FAULT))
    with pytest.raises(CallUncertain) as raised:
        await run(provider, lambda _: asked, Listening(), ledger)
    assert "busy" in str(raised.value.__cause__)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


async def test_an_error_before_anything_came_says_that_the_request_was_not_served(provider: str) -> None:
    ledger, refusals = MemoryCallLedger(ROOT), 2
    busy = Reply(raw=FAULTS.get(provider, OPENAI_FAULT), headers={"Content-Type": "text/event-stream"})
    answer, asked = await run(provider, lambda it: busy if it.number <= refusals else "whole", Listening(), ledger)
    assert (answer.output, len(asked)) == ({"text": "whole"}, refusals + 1)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.SETTLED, 1)]


@pytest.mark.parametrize("reply", [*BROKEN, Reply("no gzip", headers={"Content-Encoding": "gzip"})])
async def test_a_stream_that_nobody_can_read_is_a_lost_answer(provider: str, reply: Reply) -> None:
    ledger = MemoryCallLedger(ROOT)
    with pytest.raises(CallUncertain):
        await run(provider, lambda _: reply, Listening(), ledger)
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.UNCERTAIN, 2)]


async def test_a_stream_that_stalls_is_given_up(provider: str) -> None:
    ledger, stalls = MemoryCallLedger(ROOT), Reply("slow, slow, slow, slow", pause=5)
    with pytest.raises(CallUncertain):
        await run(provider, lambda _: stalls, Listening(), ledger, patient=0.3)
    assert [row.sends for row in ledger.rows.values()] == [2]


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_an_image_is_sent_as_the_provider_takes_it(provider: str, is_streamed: bool) -> None:
    shown = (Attachment("a.md", b"# Tea"), Attachment("a.png", PNG, "image/png"))
    answer, [asked] = await run(provider, lambda _: "A cup.", Listening() if is_streamed else None, attachments=shown)
    sent = str(asked.body).replace("-", "+").replace("_", "/")  # Google takes the alphabet of URLs
    assert answer.output == {"text": "A cup."}
    assert b64encode(PNG).decode().rstrip("=").replace("-", "+").replace("_", "/") in sent
    assert "# Tea" in sent
