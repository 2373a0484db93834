"""Every call through the ledger: what is asked, what is reused, and what happens when a call fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallKey, CallKind, CallRequest, CallRow, CallState, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.progress import CallProgress, CallStep
from repomill.calls.queues import QueueLimits
from repomill.calls.recordings import Recordings
from repomill.calls.retry import RetryPolicy
from repomill.calls.sending import Answered, AnswerLost, Refused, Send, TryAgain
from repomill.calls.shared_queues import SharedQueues
from repomill.canonical import Json, digest
from repomill.errors import (
    BudgetReserved,
    CallRefused,
    CallUnavailable,
    CallUncertain,
    DatabaseUnavailable,
    RecordingMissing,
    RecordingUnreadable,
    SourceMissing,
)
from tests.fakes.agent_runs import ROOT, Waits, patience

RESPONSE: Json = {"parts": [], "usage": {"input_tokens": 3, "output_tokens": 4}}
ANSWER = Answered(RESPONSE, Usage(3, 4, Decimal("0.1")))


def call(prompt: str = "hello", ordinal: int = 1) -> CallRequest:
    return CallRequest(CallKey("plan", ordinal, digest(prompt)), CallKind.MODEL, "main", "m", prompt)


@dataclass
class Script:
    """A caller that goes through a list of outcomes."""

    outcomes: list[Exception | Answered] = field(default_factory=lambda: [ANSWER])
    sent: int = 0
    ready: Callable[[], Awaitable[None]] | None = None

    def connect(self) -> Send:
        return self._send

    def check(self, response: Json) -> None:
        if not isinstance(response, dict) or "parts" not in response:
            raise ValueError("it has no parts")

    async def _send(self) -> Answered:
        self.sent += 1
        if self.ready is not None:
            await self.ready()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@pytest.fixture
def ledger() -> MemoryCallLedger:
    return MemoryCallLedger(ROOT)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def live(ledger: MemoryCallLedger, waits: Waits) -> LedgeredCalls:
    return LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits))


def crashed_in_flight(ledger: MemoryCallLedger, sends: int) -> None:
    ledger.rows[call().key] = CallRow(call().key, CallState.SENT, sends)


async def test_an_answer_is_stored_settled_and_returned(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    assert await live.answer(call(), Script()) == ANSWER
    assert ledger.rows[call().key] == CallRow(call().key, CallState.SETTLED, 1, RESPONSE)
    assert ledger.usage[call().key] == ANSWER.usage


@pytest.mark.parametrize("state", [CallState.ANSWERED, CallState.SETTLED])
async def test_a_stored_answer_is_reused_and_costs_nothing(
    live: LedgeredCalls, ledger: MemoryCallLedger, state: CallState
) -> None:
    ledger.rows[call().key] = CallRow(call().key, state, 1, RESPONSE)
    caller = Script()
    assert await live.answer(call(), caller) == Answered(RESPONSE, Usage(3, 4, Decimal(0)))
    assert (caller.sent, ledger.rows[call().key].state) == (0, CallState.SETTLED)


async def test_a_call_that_was_reserved_and_never_sent_is_sent_once(
    live: LedgeredCalls, ledger: MemoryCallLedger
) -> None:
    await ledger.reserve(call())
    await live.answer(call(), Script())
    assert ledger.rows[call().key].sends == 1


async def test_a_call_found_in_flight_is_asked_once_more(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    crashed_in_flight(ledger, sends=1)
    await live.answer(call(), Script())
    assert ledger.rows[call().key] == CallRow(call().key, CallState.SETTLED, 2, RESPONSE)


async def test_a_call_found_in_flight_is_asked_again_as_it_is_now(
    live: LedgeredCalls, ledger: MemoryCallLedger
) -> None:
    crashed_in_flight(ledger, sends=1)
    now = replace(call(), source="other", bound=Usage(5, 5, Decimal(2)))
    await live.answer(now, Script())
    assert ledger.requests[now.key] == now


async def test_a_call_found_in_flight_twice_is_not_asked_again(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    crashed_in_flight(ledger, sends=2)
    caller = Script()
    with pytest.raises(CallUncertain, match="plan, call 1 was sent twice"):
        await live.answer(call(), caller)
    assert (caller.sent, ledger.rows[call().key].state) == (0, CallState.UNCERTAIN)


async def test_a_lost_answer_is_asked_for_once_more(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    assert await live.answer(call(), Script([AnswerLost("reset"), ANSWER])) == ANSWER
    assert ledger.rows[call().key].sends == 2


async def test_two_lost_answers_end_the_attempts(live: LedgeredCalls) -> None:
    caller = Script([AnswerLost("reset"), AnswerLost("reset"), ANSWER])
    with pytest.raises(CallUncertain):
        await live.answer(call(), caller)
    assert caller.sent == 2


async def test_what_must_not_be_repeated_is_sent_once_though_its_answer_was_lost(live: LedgeredCalls) -> None:
    caller = Script([AnswerLost("reset"), ANSWER])
    with pytest.raises(CallUncertain, match="plan, call 1 was sent once"):
        await live.answer(replace(call(), repeatable=False), caller)
    assert caller.sent == 1


async def test_what_must_not_be_repeated_may_be_tried_again_while_nothing_was_done(live: LedgeredCalls) -> None:
    assert await live.answer(replace(call(), repeatable=False), Script([TryAgain("503"), ANSWER])) == ANSWER


async def test_refusals_in_between_do_not_count_as_lost_answers(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    outcomes: list[Exception | Answered] = [
        TryAgain("503"),
        TryAgain("503"),
        AnswerLost("reset"),
        TryAgain("503"),
        ANSWER,
    ]
    assert await live.answer(call(), Script(outcomes)) == ANSWER
    assert ledger.rows[call().key].sends == 2


async def test_a_refusal_for_good_is_released_and_not_repeated(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    caller = Script([Refused(401, "wrong key"), ANSWER])
    with pytest.raises(CallRefused, match="Source main answered 401: wrong key"):
        await live.answer(call(), caller)
    assert (caller.sent, ledger.rows[call().key].state) == (1, CallState.RELEASED)


async def test_a_refused_call_may_be_made_by_the_next_attempt(live: LedgeredCalls) -> None:
    with pytest.raises(CallRefused):
        await live.answer(call(), Script([Refused(401, "wrong key")]))
    assert await live.answer(call(), Script()) == ANSWER


async def test_an_error_of_our_own_says_that_nothing_was_sent(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    with pytest.raises(SourceMissing):
        await live.answer(call(), Script([SourceMissing("main", "a-block/main")]))
    assert ledger.rows[call().key] == CallRow(call().key, CallState.RELEASED, 0)
    assert await live.answer(call(), Script()) == ANSWER


async def test_waits_double_and_are_bounded(live: LedgeredCalls, waits: Waits) -> None:
    caller = Script([TryAgain("503")] * 9)
    with pytest.raises(CallUnavailable, match="503"):
        await live.answer(call(), caller)
    assert (caller.sent, waits) == (5, [0.5, 1.0, 2.0, 4.0])


async def test_a_named_delay_is_honoured(live: LedgeredCalls, waits: Waits) -> None:
    await live.answer(call(), Script([TryAgain("429", 7.0), ANSWER]))
    assert waits == [7.0]


async def test_a_delay_beyond_patience_is_handed_to_the_caller(live: LedgeredCalls, waits: Waits) -> None:
    with pytest.raises(CallUnavailable) as caught:
        await live.answer(call(), Script([TryAgain("429", 3600.0), ANSWER]))
    assert (caught.value.delay, waits) == (3600.0, [])


async def test_an_answer_that_came_is_stored_when_the_run_is_cancelled_meanwhile(ledger: MemoryCallLedger) -> None:
    storing, go_on = asyncio.Event(), asyncio.Event()

    class Slow(MemoryCallLedger):
        async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
            storing.set()
            await go_on.wait()
            return await super().record_answer(key, response, usage, latency_ms)

    slow = Slow(ROOT)
    task = asyncio.ensure_future(LedgeredCalls(slow, LedgerMode.LIVE).answer(call(), Script()))
    await storing.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.rows[call().key] == CallRow(call().key, CallState.SETTLED, 1, RESPONSE)


async def test_a_cancelled_request_stays_in_flight_for_the_resume_to_judge(
    live: LedgeredCalls, ledger: MemoryCallLedger
) -> None:
    in_flight = asyncio.Event()

    async def hang() -> None:
        in_flight.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(live.answer(call(), Script(ready=hang)))
    await in_flight.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ledger.rows[call().key] == CallRow(call().key, CallState.SENT, 1)


class AwayFor(MemoryCallLedger):
    """A ledger whose database is away for the first `times` answers."""

    times = 0

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        if self.times > 0:
            self.times -= 1
            raise DatabaseUnavailable("postgresql://db", "connection refused")
        return await super().record_answer(key, response, usage, latency_ms)


async def test_an_answer_outlives_a_database_that_is_away_for_a_moment(waits: Waits) -> None:
    ledger = AwayFor(ROOT)
    ledger.times = 3
    caller = Script()
    assert await LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits)).answer(call(), caller) == ANSWER
    assert (caller.sent, len(waits)) == (1, 3)


class SilentlyWrites(MemoryCallLedger):
    """A ledger whose database goes away after it wrote, before it said so."""

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        await super().record_answer(key, response, usage, latency_ms)
        raise DatabaseUnavailable("postgresql://db", "connection lost")


async def test_an_answer_that_was_written_without_a_word_is_not_written_twice(waits: Waits) -> None:
    ledger = SilentlyWrites(ROOT)
    assert await LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits)).answer(call(), Script()) == ANSWER
    assert ledger.rows[call().key] == CallRow(call().key, CallState.SETTLED, 1, RESPONSE)


async def test_a_database_that_stays_away_is_an_error_and_nothing_is_asked_again(waits: Waits) -> None:
    ledger = AwayFor(ROOT)
    ledger.times = 99
    caller = Script()
    with pytest.raises(DatabaseUnavailable):
        await LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits)).answer(call(), caller)
    assert (caller.sent, ledger.rows[call().key].state) == (1, CallState.SENT)


async def test_live_never_reads_recordings_and_writes_them(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    recordings.save(call(), {"parts": ["old"]})
    caller = Script()
    await LedgeredCalls(ledger, LedgerMode.LIVE, recordings).answer(call(), caller)
    assert (caller.sent, recordings.find(call().key)) == (1, RESPONSE)


async def test_replay_takes_a_recording_and_enters_it_into_the_ledger(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    recordings.save(call(), RESPONSE)
    caller = Script()
    answered = await LedgeredCalls(ledger, LedgerMode.REPLAY, recordings).answer(call(), caller)
    assert (caller.sent, answered.usage) == (0, Usage(3, 4, Decimal(0)))
    assert ledger.rows[call().key] == CallRow(call().key, CallState.SETTLED, 1, RESPONSE)
    assert ledger.usage[call().key].cost == 0


async def test_replay_asks_for_what_is_not_recorded_and_records_it(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    assert await LedgeredCalls(ledger, LedgerMode.REPLAY, recordings).answer(call(), Script()) == ANSWER
    assert recordings.find(call().key) == RESPONSE


async def test_an_answer_reused_from_the_ledger_is_recorded_too(ledger: MemoryCallLedger, tmp_path: Path) -> None:
    ledger.rows[call().key] = CallRow(call().key, CallState.SETTLED, 1, RESPONSE)
    await LedgeredCalls(ledger, LedgerMode.LIVE, Recordings(tmp_path)).answer(call(), Script())
    assert Recordings(tmp_path).find(call().key) == RESPONSE


async def test_a_recording_clears_a_doubt_that_could_not_be_asked_away(
    ledger: MemoryCallLedger, tmp_path: Path
) -> None:
    crashed_in_flight(ledger, sends=2)
    Recordings(tmp_path).save(call(), RESPONSE)
    await LedgeredCalls(ledger, LedgerMode.STRICT, Recordings(tmp_path)).answer(call(), Script())
    assert ledger.rows[call().key].state is CallState.SETTLED


@pytest.mark.parametrize("folder", [True, False])
async def test_strict_never_asks(ledger: MemoryCallLedger, tmp_path: Path, folder: bool) -> None:
    caller = Script()
    recordings = Recordings(tmp_path) if folder else None
    with pytest.raises(RecordingMissing, match="Node plan, call 1: there is no recording of this request"):
        await LedgeredCalls(ledger, LedgerMode.STRICT, recordings).answer(call(), caller)
    assert (caller.sent, ledger.rows) == (0, {})


async def test_strict_reuses_what_this_execution_has_paid_for(ledger: MemoryCallLedger) -> None:
    ledger.rows[call().key] = CallRow(call().key, CallState.SETTLED, 1, RESPONSE)
    assert (await LedgeredCalls(ledger, LedgerMode.STRICT).answer(call(), Script())).response == RESPONSE


async def test_a_recorded_response_that_cannot_be_read_never_enters_the_ledger(
    ledger: MemoryCallLedger, tmp_path: Path
) -> None:
    Recordings(tmp_path).save(call(), {"shards": []})
    with pytest.raises(RecordingUnreadable, match="it has no parts"):
        await LedgeredCalls(ledger, LedgerMode.STRICT, Recordings(tmp_path)).answer(call(), Script())
    assert ledger.rows == {}


async def test_a_response_without_usage_counts_no_tokens(live: LedgeredCalls, ledger: MemoryCallLedger) -> None:
    ledger.rows[call().key] = CallRow(call().key, CallState.SETTLED, 1, {"parts": []})
    assert (await live.answer(call(), Script())).usage == Usage(0, 0, Decimal(0))


async def test_progress_tells_each_step(ledger: MemoryCallLedger) -> None:
    seen: list[CallProgress] = []
    calls = LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(), progress=seen.append)
    await calls.answer(call(), Script([TryAgain("429: slow down", 2.0), ANSWER]))
    await calls.answer(call(), Script())
    assert [step.step for step in seen] == [
        CallStep.SENT,
        CallStep.WAITING,
        CallStep.SENT,
        CallStep.ANSWERED,
        CallStep.REUSED,
    ]
    assert (seen[1].detail, seen[1].delay) == ("429: slow down", 2.0)


class Reserved(MemoryCallLedger):
    """A ledger whose budget other calls have reserved, for the first `times` looks."""

    times = 3

    async def reserve(self, call: CallRequest) -> CallRow:
        if self.times > 0:
            self.times -= 1
            raise BudgetReserved("project tea", "1 US dollars")
        return await super().reserve(call)


class ReservedThenPaused(Reserved):
    """Once the budget is there, the queue's other side has said to wait."""

    def __init__(self, queues: SharedQueues) -> None:
        super().__init__(ROOT)
        self._queues = queues

    async def reserve(self, call: CallRequest) -> CallRow:
        row = await super().reserve(call)
        await self._queues.pause("main", 3600.0)
        return row


async def test_a_call_waits_for_what_others_have_reserved(waits: Waits) -> None:
    calls = LedgeredCalls(Reserved(ROOT), LedgerMode.LIVE, retry=patience(waits))
    assert await calls.answer(call(), Script()) == ANSWER
    assert waits == [0.5, 1.0, 2.0]


async def test_it_does_not_wait_for_ever(waits: Waits) -> None:
    ledger, caller = Reserved(ROOT), Script()
    ledger.times = 1000
    with pytest.raises(BudgetReserved):
        await LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits)).answer(call(), caller)
    assert (caller.sent, sum(waits) >= 120) == (0, True)


async def test_it_takes_no_more_turns_of_the_queue_than_it_needs(waits: Waits) -> None:
    board, ledger = MemoryQueueBoard(lambda: 0.0), Reserved(ROOT)
    ledger.times = 20
    queues = SharedQueues(board, {"main": QueueLimits("models", requests_per_minute=6)}, waits, lambda: 0.0)
    calls = LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits), queues=queues)
    board.clock = iter(range(0, 10_000, 10)).__next__  # each look is a turn later
    assert await calls.answer(call(), Script()) == ANSWER
    assert board.next_turn["models"] <= 3 * 10


async def test_a_call_that_is_stopped_in_the_queue_gives_back_what_was_put_aside(waits: Waits) -> None:
    queues = SharedQueues(MemoryQueueBoard(time.time), {"main": QueueLimits("models")})
    ledger = ReservedThenPaused(queues)
    calls = LedgeredCalls(ledger, LedgerMode.LIVE, retry=patience(waits), queues=queues)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await calls.answer(call(), Script())
    [row] = ledger.rows.values()
    assert row.state is CallState.RELEASED
    await queues.aclose()


async def test_a_source_that_is_asked_too_fast_for_a_night_is_asked_again() -> None:
    assert RetryPolicy(jitter=lambda: 0.0).delay(10_000) == RetryPolicy().ceiling


async def test_it_holds_no_slot_of_the_queue_meanwhile(ledger: MemoryCallLedger) -> None:
    """Another run of the same queue, of one call at once, goes on while this one waits for its budget."""
    queues = SharedQueues(MemoryQueueBoard(time.time), {"main": QueueLimits("models", concurrency=1)})
    other, answered = LedgeredCalls(ledger, LedgerMode.LIVE, queues=queues), list[Answered]()

    async def ask_meanwhile(seconds: float) -> None:
        async with asyncio.timeout(20):
            answered.append(await other.answer(call("another", len(answered) + 1), Script()))

    retry = RetryPolicy(sleep=ask_meanwhile)
    poor = LedgeredCalls(Reserved(ROOT), LedgerMode.LIVE, retry=retry, queues=queues)
    assert await poor.answer(call(), Script()) == ANSWER
    assert answered == [ANSWER] * 3
    await queues.aclose()
