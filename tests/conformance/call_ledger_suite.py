"""What every call ledger does; a test class inherits this and brings a `ledger` fixture, empty and owned."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from repomill.calls.ledger import CallKey, CallKind, CallLedger, CallRequest, CallRow, CallState, Usage
from repomill.canonical import Json, digest
from repomill.errors import IllegalTransition

RESPONSE: Json = {
    "parts": [{"part_kind": "text", "content": "grüße \u2028 🌍", "nothing": None}],
    "numbers": [1, 2.5, 1e20],
}
USAGE = Usage(10, 20, Decimal("0.001"))


def call(node_path: str = "loop[3].write", ordinal: int = 1, prompt: str = "hello") -> CallRequest:
    request: Json = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
    key = CallKey(node_path, ordinal, digest(request))
    return CallRequest(key, CallKind.MODEL, "main", "m", request, Usage(100, 200, Decimal("0.5")))


KEY = call().key
Step = Callable[[CallLedger], Awaitable[CallRow]]
STEPS: dict[str, Step] = {
    "reserve": lambda ledger: ledger.reserve(call()),
    "send": lambda ledger: ledger.mark_sent(KEY),
    "answer": lambda ledger: ledger.record_answer(KEY, RESPONSE, USAGE, 12),
    "settle": lambda ledger: ledger.settle(KEY),
    "doubt": lambda ledger: ledger.mark_uncertain(KEY),
    "release": lambda ledger: ledger.release(KEY, "429: slow down"),
}


async def walk(ledger: CallLedger, steps: str) -> CallRow | None:
    row = None
    for step in steps.split():
        row = await STEPS[step](ledger)
    return row


class CallLedgerSuite:
    async def test_a_call_nobody_reserved_is_not_there(self, ledger: CallLedger) -> None:
        assert await ledger.find(KEY) is None

    async def test_a_reserved_call_is_found_again(self, ledger: CallLedger) -> None:
        await ledger.reserve(call())
        assert await ledger.find(KEY) == CallRow(KEY, CallState.RESERVED, 0)

    async def test_a_settled_call_gives_back_the_very_response_that_was_recorded(self, ledger: CallLedger) -> None:
        await walk(ledger, "reserve send answer settle")
        assert await ledger.find(KEY) == CallRow(KEY, CallState.SETTLED, 1, RESPONSE)

    async def test_a_call_with_a_known_answer_is_settled_at_once(self, ledger: CallLedger) -> None:
        row = await ledger.record_known(call(), RESPONSE, USAGE)
        assert row == await ledger.find(KEY) == CallRow(KEY, CallState.SETTLED, 1, RESPONSE)
        with pytest.raises(IllegalTransition):
            await ledger.mark_sent(KEY)

    async def test_the_response_is_there_before_the_call_is_settled(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send answer")
        assert row == await ledger.find(KEY) == CallRow(KEY, CallState.ANSWERED, 1, RESPONSE)

    @pytest.mark.parametrize(
        "other",
        [call(node_path="loop[4].write"), call(ordinal=2), call(prompt="hello!")],
        ids=["node", "ordinal", "request"],
    )
    async def test_calls_are_kept_apart_by_node_ordinal_and_request(
        self, ledger: CallLedger, other: CallRequest
    ) -> None:
        await walk(ledger, "reserve send answer settle")
        assert await ledger.find(other.key) is None
        assert (await ledger.reserve(other)).state is CallState.RESERVED
        assert await ledger.find(KEY) == CallRow(KEY, CallState.SETTLED, 1, RESPONSE)

    async def test_an_uncertain_call_may_be_sent_again_by_the_request_as_it_is_now(self, ledger: CallLedger) -> None:
        await walk(ledger, "reserve send doubt")
        row = await ledger.reserve_and_send(replace(call(), source="other", bound=Usage(9, 9)))
        assert row == CallRow(KEY, CallState.SENT, 2)

    async def test_an_uncertain_call_may_be_sent_again_and_both_sends_count(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send doubt send")
        assert row == CallRow(KEY, CallState.SENT, 2)

    async def test_an_answer_to_the_second_send_ends_the_doubt(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send doubt send answer settle")
        assert row == CallRow(KEY, CallState.SETTLED, 2, RESPONSE)

    async def test_a_refused_send_does_not_count(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send release")
        assert row == CallRow(KEY, CallState.RELEASED, 0)

    async def test_a_released_call_is_taken_up_again(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send release reserve send release reserve send")
        assert row == CallRow(KEY, CallState.SENT, 1)

    async def test_a_refusal_after_a_lost_answer_leaves_the_lost_one_counted(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve send doubt send release reserve send")
        assert row == CallRow(KEY, CallState.SENT, 2)

    async def test_a_reservation_may_be_given_back_before_anything_is_sent(self, ledger: CallLedger) -> None:
        row = await walk(ledger, "reserve release")
        assert row == CallRow(KEY, CallState.RELEASED, 0)

    @pytest.mark.parametrize("step", ["doubt", "release"])
    async def test_a_call_that_was_given_up_meanwhile_stays_charged(self, ledger: CallLedger, step: str) -> None:
        await walk(ledger, f"reserve send doubt {step}")
        kept = await ledger.find(KEY)
        assert kept is not None
        assert (kept.state, kept.sends) == (CallState.UNCERTAIN, 1)

    @pytest.mark.parametrize(
        ("before", "step"),
        [
            ("", "send"),
            ("", "settle"),
            ("reserve", "reserve"),
            ("reserve", "answer"),
            ("reserve", "doubt"),
            ("reserve send", "send"),
            ("reserve send", "settle"),
            ("reserve send answer", "answer"),
            ("reserve send answer", "release"),
            ("reserve send answer settle", "send"),
            ("reserve send answer settle", "reserve"),
            ("reserve send doubt", "settle"),
            ("reserve send release", "send"),
        ],
    )
    async def test_a_step_the_state_does_not_allow_is_refused_and_changes_nothing(
        self, ledger: CallLedger, before: str, step: str
    ) -> None:
        await walk(ledger, before)
        kept = await ledger.find(KEY)
        with pytest.raises(IllegalTransition):
            await STEPS[step](ledger)
        assert await ledger.find(KEY) == kept

    async def test_an_unknown_price_is_no_obstacle(self, ledger: CallLedger) -> None:
        await walk(ledger, "reserve send")
        row = await ledger.record_answer(KEY, RESPONSE, Usage(1, 2, None), 0)
        assert row.response == RESPONSE
