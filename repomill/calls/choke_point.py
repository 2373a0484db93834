"""The choke point: every call goes through the ledger, whoever answers it.

It knows nothing of models, of HTTP or of the library that carries a call out: a `send` callable does that, and says
by three exceptions how it failed (`repomill.calls.sending`).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeVar

from repomill.calls.ledger import FREE, CallKey, CallLedger, CallRequest, CallRow, CallState, LedgerMode, Usage
from repomill.calls.progress import CallProgress, CallStep, Progress, unheard
from repomill.calls.queues import NoQueues, Queues, Turn
from repomill.calls.recordings import Recordings
from repomill.calls.retry import RetryPolicy
from repomill.calls.sending import Answered, AnswerLost, Refused, Send, TryAgain
from repomill.canonical import Json
from repomill.errors import (
    BudgetReserved,
    CallRefused,
    CallUnavailable,
    CallUncertain,
    RecordingMissing,
    RecordingUnreadable,
    RepomillError,
    Retriable,
)

T = TypeVar("T")

SENDS_PER_CALL = 2
"""A call whose answer was lost is asked again at most once."""

TIMES = {1: "once", 2: "twice"}

BUDGET_DOUBLINGS = 3
"""Waits for a budget do not grow beyond those after the third try: calls under way end all the time."""


class _TurnTakenBack(Exception):
    """Another call was told to wait after this one had its turn, and before it was sent."""


class Caller(Protocol):
    """Port: how one call is carried out when neither the ledger nor a recording has its answer."""

    def connect(self) -> Send:
        """Get ready and return what sends the request; raises when it can be seen that sending is impossible."""

    def check(self, response: Json) -> None:
        """Raise ValueError when a recorded response cannot be read."""


@dataclass(frozen=True, slots=True)
class LedgeredCalls:
    """Answers calls from the ledger, from recordings or by sending them, as the mode says."""

    ledger: CallLedger
    mode: LedgerMode
    recordings: Recordings | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    progress: Progress = unheard
    queues: Queues = field(default_factory=NoQueues)
    monotonic: Callable[[], float] = time.monotonic

    async def answer(self, call: CallRequest, caller: Caller) -> Answered:
        """Return the answer to a call that is asked at most once per execution.

        Raises:
            RecordingMissing: strict mode, and neither the ledger nor the recordings have it.
            RecordingUnreadable: a recording of this node is broken.
            BudgetExceeded, BudgetReserved, PriceUnknown: a budget does not allow it.
            CallUncertain: the answer was lost, and it may not be sent again.
            CallRefused: the other side refused for good.
            CallUnavailable: it could not be reached, or asked for patience, for as often as the policy allows.
        """
        row = await self.ledger.find(call.key)
        if row is not None and row.state in {CallState.ANSWERED, CallState.SETTLED}:
            return await self._reuse(call, row)
        if row is not None and row.state is CallState.SENT:
            # An attempt that died while the call was in flight left it like this.
            row = await self.ledger.mark_uncertain(row.key)
        recorded = self._recorded(call.key)
        if recorded is not None:
            self._check(call.key, caller, recorded)
            return await self._replay(call, row, recorded)
        if self.mode is LedgerMode.STRICT:
            raise RecordingMissing(call.key.node_path, call.key.ordinal, self._nearest(call))
        if row is not None:
            _refuse_to_repeat(call, row)
        return await self._ask(call, row, caller.connect())

    async def _reuse(self, call: CallRequest, row: CallRow) -> Answered:
        if row.state is CallState.ANSWERED:
            await self.ledger.settle(call.key)
        self._save(call, row.response)
        return self._unpaid(call.key, CallStep.REUSED, row.response)

    async def has_answer(self, key: CallKey) -> bool:
        """Tell whether a call is answered already, here or in a recording."""
        return await self.known_answer(key) is not None

    async def known_answer(self, key: CallKey) -> Json:
        """Return the answer that a call has already, here or in a recording; None when it has none."""
        row = await self.ledger.find(key)
        if row is not None and row.state in {CallState.ANSWERED, CallState.SETTLED}:
            return row.response
        return self._recorded(key)

    def is_replayed(self, key: CallKey) -> bool:
        """Tell whether the answer to a call comes from a recording, and not from here."""
        return self.mode is LedgerMode.STRICT or self._recorded(key) is not None

    def _recorded(self, key: CallKey) -> Json:
        if self.recordings is None or self.mode is LedgerMode.LIVE:
            return None
        return self.recordings.find(key)

    def _check(self, key: CallKey, caller: Caller, recorded: Json) -> None:
        try:
            caller.check(recorded)
        except ValueError as error:
            place = f"of node {key.node_path}, call {key.ordinal}"
            raise RecordingUnreadable(place, f"its response is not one: {error}") from error

    async def _replay(self, call: CallRequest, row: CallRow | None, response: Json) -> Answered:
        call = replace(call, bound=FREE)
        answered = self._unpaid(call.key, CallStep.REPLAYED, response)
        if row is None:
            await self.ledger.record_known(call, response, answered.usage)
        else:
            await self._mark_replayed(call, row)
            await self.ledger.record_and_settle(call.key, response, answered.usage, latency_ms=0)
        return answered

    async def _ask(self, call: CallRequest, row: CallRow | None, send: Send) -> Answered:
        failed = too_fast = 0
        waited = 0.0
        while True:
            try:
                async with self._turn(call, row) as turn:
                    return await self._send(call, row, send, turn)
            except _TurnTakenBack:
                row = await self._release(call.key, "another call was told to wait before it was sent")
            except BudgetReserved as error:  # others of the queue go on meanwhile
                row, waited = await self._reserve(call, row, error, waited)
            except TryAgain as failure:
                failed, too_fast = failed + (not failure.too_fast), too_fast + failure.too_fast
                row = await self._put_off(call, failure, too_fast if failure.too_fast else failed)
            except AnswerLost as failure:
                row, failed = await self.ledger.mark_uncertain(call.key), failed + 1
                _refuse_to_repeat(call, row, failure)
                await self._pause(call.key, failure.reason, failed)

    @asynccontextmanager
    async def _turn(self, call: CallRequest, row: CallRow | None) -> AsyncIterator[Turn]:
        """Wait for a turn; what was put aside for a call that is stopped meanwhile is given back."""
        async with AsyncExitStack() as stack:
            told = partial(self._tell_of_waiting, call.key)
            try:
                turn = await stack.enter_async_context(self.queues.turn(call.source, told, _total(call.bound)))
            except asyncio.CancelledError:
                if row is not None and row.state is CallState.RESERVED:
                    with suppress(RepomillError):  # a run that has ended has given it back
                        await self._release(call.key, "it was stopped before it was sent")
                raise
            yield turn

    async def _send(self, call: CallRequest, row: CallRow | None, send: Send, turn: Turn) -> Answered:
        await self._mark_sent(call, row)
        if turn.pause_left():
            raise _TurnTakenBack
        self.progress(CallProgress(call.key, CallStep.SENT))
        started = self.monotonic()
        try:
            answered = await _counted(send, turn)
        except Refused as failure:
            await self._release(call.key, failure.reason)
            raise CallRefused(call.source, failure.status, failure.reason) from failure
        except RepomillError as error:
            # Our own errors say that nothing went out: a source without a block, an address that is not allowed.
            await self._release(call.key, str(error))
            raise
        latency_ms = round((self.monotonic() - started) * 1000)
        kept = await _finish(self._keep(call, answered, latency_ms))
        if answered.rest:
            with suppress(RepomillError):  # whoever comes too early is told so
                await self.queues.pause(call.source, answered.rest)
        return kept

    async def _release(self, key: CallKey, reason: str) -> CallRow:
        """Say that nothing is owed, also when cancelled meanwhile: what seems to be under way is charged."""
        return await _finish(self.ledger.release(key, reason))

    async def _mark_sent(self, call: CallRequest, row: CallRow | None) -> None:
        if row is not None and row.state is CallState.RESERVED:
            await self.ledger.mark_sent(call.key)
        else:
            await self.ledger.reserve_and_send(call)

    async def _mark_replayed(self, call: CallRequest, row: CallRow) -> None:
        """Say that a call goes out whose recording is at hand; one that was lost before stays charged as it was."""
        if row.state is CallState.RELEASED:
            await self.ledger.reserve_and_send(call)
        else:
            await self.ledger.mark_sent(call.key)

    async def _reserve(
        self, call: CallRequest, row: CallRow | None, error: BudgetReserved, waited: float
    ) -> tuple[CallRow | None, float]:
        """Wait for what other calls have reserved, and reserve the call before it stands in line once more.

        Returns its row and the seconds it has waited in all. One that is uncertain is put aside as it is sent again.
        Raises `error`, or the last such one, when patience is over.
        """
        times = 1
        while waited < self.retry.patience:
            waited += await self._pause(call.key, str(error), min(times, BUDGET_DOUBLINGS))
            times += 1
            if row is not None and row.state is CallState.UNCERTAIN:
                return row, waited
            try:
                return await self.ledger.reserve(call), waited
            except BudgetReserved as again:
                error = again
        raise error

    async def _put_off(self, call: CallRequest, failure: TryAgain, times: int) -> CallRow:
        """Wait as long as the other side wants; where it is asked too fast, everybody else waits who asks it."""
        delay = self.retry.delay(times, failure.delay)
        try:
            if failure.too_fast:  # first of all, since others are about to send
                await self.queues.pause(call.source, delay)
        finally:
            row = await self._release(call.key, failure.reason)
        if not failure.too_fast and self.retry.gives_up(times, failure.delay):
            raise CallUnavailable(call.source, failure.reason, delay=failure.delay) from failure
        await self._pause(call.key, failure.reason, times, delay)
        return row

    def _tell_of_waiting(self, key: CallKey, delay: float) -> None:
        self.progress(CallProgress(key, CallStep.WAITING, "its turn in the queue", delay))

    async def _pause(self, key: CallKey, reason: str, attempt: int, named: float = 0.0) -> float:
        delay = self.retry.delay(attempt, named)
        self.progress(CallProgress(key, CallStep.WAITING, reason, delay))
        await self.retry.sleep(delay)
        return delay

    async def _keep(self, call: CallRequest, answered: Answered, latency_ms: int) -> Answered:
        await self._store(call.key, answered, latency_ms)
        self._save(call, answered.response)
        self.progress(CallProgress(call.key, CallStep.ANSWERED, usage=answered.usage))
        return answered

    async def _store(self, key: CallKey, answered: Answered, latency_ms: int) -> None:
        """Store what was paid for; a database that is away for a moment must not lose it."""
        attempt = 1
        while True:
            try:
                if attempt == 1 or not await self._is_stored(key):
                    await self.ledger.record_and_settle(key, answered.response, answered.usage, latency_ms)
            except Retriable as error:
                if self.retry.gives_up(attempt, error.delay):
                    raise
                await self.retry.sleep(self.retry.delay(attempt, error.delay))
                attempt += 1
            else:
                return

    async def _is_stored(self, key: CallKey) -> bool:
        """The database may have gone away after it wrote the answer and before it said so."""
        row = await self.ledger.find(key)
        if row is not None and row.state is CallState.ANSWERED:
            row = await self.ledger.settle(key)
        return row is not None and row.state is CallState.SETTLED

    def _unpaid(self, key: CallKey, step: CallStep, response: Json) -> Answered:
        usage = tokens(response)
        self.progress(CallProgress(key, step, usage=usage))
        return Answered(response, usage)

    def _save(self, call: CallRequest, response: Json) -> None:
        if self.recordings is not None and self.mode is not LedgerMode.STRICT:
            self.recordings.save(call, response)

    def _nearest(self, call: CallRequest) -> str:
        return self.recordings.nearest(call) if self.recordings else "No folder of recordings was given."


def tokens(response: Json) -> Usage:
    """Return the tokens a stored response names; it costs nothing to read it again."""
    usage: Any = response.get("usage") if isinstance(response, dict) else None
    if not isinstance(usage, dict):
        return Usage(cost=Decimal(0))
    return Usage(int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0)), Decimal(0))


async def _counted(send: Send, turn: Turn) -> Answered:
    """Send, and say how many of its turn's tokens were used: all of them as long as nobody knows."""
    turn.used = turn.tokens
    try:
        answered = await send()
    except (Refused, TryAgain, RepomillError):
        turn.used = 0
        raise
    turn.used = _total(answered.usage) or turn.tokens
    return answered


def _total(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _refuse_to_repeat(call: CallRequest, row: CallRow, cause: BaseException | None = None) -> None:
    allowed = SENDS_PER_CALL if call.repeatable else 1
    if row.state is CallState.UNCERTAIN and row.sends >= allowed:
        raise CallUncertain(row.key.node_path, row.key.ordinal, TIMES[row.sends]) from cause


async def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end even when cancelled meanwhile: an answer that came is stored, then the cancellation goes on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()
