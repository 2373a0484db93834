"""Calls wait for their turn; whoever is told to slow down slows everybody down, and never fails for it."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import FREE, CallKey, CallKind, CallRequest, CallRow, CallState, LedgerMode, Usage
from repomill.calls.memory_ledger import MemoryCallLedger
from repomill.calls.memory_queues import MemoryQueueBoard
from repomill.calls.node_calls import NodeCalls
from repomill.calls.progress import CallProgress, CallStep
from repomill.calls.queues import Entry, QueueLimits
from repomill.calls.retry import RetryPolicy
from repomill.calls.sending import Answered, TryAgain
from repomill.calls.shared_queues import AHEAD, SharedQueues
from tests.conformance.queue_board_suite import SetClock
from tests.fakes.agent_runs import ROOT

ANSWER = Answered({}, Usage(cost=Decimal(0)))


class World:
    """One board and clock for several runs; sleeping moves the clock."""

    def __init__(self, **limits: int) -> None:
        self.clock = SetClock()
        self.board = MemoryQueueBoard(self.clock)
        self.limits = QueueLimits("shared", **limits)
        self.sent: list[tuple[str, float]] = []
        self.queues: list[SharedQueues] = []
        self.under_way = self.most = 0

    async def sleep(self, seconds: float) -> None:
        until = self.clock.now + seconds
        for _ in range(4 + 4 * min(int(seconds), 60)):  # who sleeps shorter has asked the board earlier
            await asyncio.sleep(0)
        self.clock.now = max(self.clock.now, until)

    def run(
        self, name: str, seen: list[CallProgress] | None = None, ledger: MemoryCallLedger | None = None
    ) -> NodeCalls:
        queues = SharedQueues(self.board, {"main": self.limits}, self.sleep, self.clock)
        self.queues.append(queues)
        progress = seen.append if seen is not None else lambda _: None
        retry = RetryPolicy(sleep=self.sleep, jitter=lambda: 0.0)
        ledger = ledger or MemoryCallLedger(ROOT)
        return NodeCalls(LedgeredCalls(ledger, LedgerMode.LIVE, None, retry, progress, queues), name)

    async def close(self) -> None:
        for queues in self.queues:
            await queues.aclose()

    async def call(
        self, run: NodeCalls, refusals: int = 0, delay: float = 0.0, bound: Usage = FREE, answer: Answered = ANSWER
    ) -> None:
        left = refusals

        async def send() -> Answered:
            nonlocal left
            self.sent.append((run.node_path, self.clock.now))
            if left:
                left -= 1
                raise TryAgain("429: slow down", delay, too_fast=True)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0)
            self.under_way -= 1
            return answer

        await run.call(CallKind.HTTP, "main", {}, send, bound=bound)


async def test_calls_follow_each_other_at_the_rate_of_the_queue() -> None:
    world = World(requests_per_minute=60)
    runs = [world.run(name) for name in ("one", "two")]
    await asyncio.gather(*(world.call(run) for run in runs for _ in range(5)))
    instants = sorted(instant - 1000 for _, instant in world.sent)
    assert all(later - earlier >= 1 for earlier, later in pairwise(instants))


async def test_no_more_calls_run_at_once_than_the_queue_allows() -> None:
    world = World(concurrency=3)
    runs = [world.run(name) for name in ("one", "two")]
    await asyncio.gather(*(world.call(run) for run in runs for _ in range(10)))
    assert (len(world.sent), world.most) == (20, 3)
    await world.close()
    assert world.board.slots["shared"] == {}


async def test_a_call_that_is_told_to_wait_lets_every_run_wait() -> None:
    world = World()
    one, two = world.run("one"), world.run("two")
    await world.call(one, refusals=1, delay=30.0)
    assert [instant - 1000 for _, instant in world.sent] == [0.0, 30.0]
    await world.board.pause(world.limits, 20.0)
    await world.call(two)
    assert world.sent[-1] == ("two", 1050.0)


class HeldUp(MemoryCallLedger):
    """A ledger that takes its time with one call, until another was refused."""

    def __init__(self, held_up: str) -> None:
        super().__init__(ROOT)
        self.held_up, self.has_been_refused = held_up, asyncio.Event()

    async def reserve_and_send(self, call: CallRequest) -> CallRow:
        row = await super().reserve_and_send(call)
        if call.request == self.held_up:
            await self.has_been_refused.wait()
        return row

    async def release(self, key: CallKey, reason: str) -> CallRow:
        row = await super().release(key, reason)
        self.has_been_refused.set()
        return row


async def test_a_call_on_its_way_is_not_sent_once_another_was_told_to_wait() -> None:
    world, ledger = World(concurrency=5, tokens_per_minute=6000), HeldUp("second")
    run, sent, refusals = world.run("one", ledger=ledger), list[tuple[str, float]](), ["first"]

    async def ask(name: str) -> None:
        async def send() -> Answered:
            sent.append((name, world.clock.now - 1000))
            if name in refusals:
                refusals.remove(name)
                raise TryAgain("429: slow down", 30.0, too_fast=True)
            return Answered({}, Usage(1, 1, Decimal(0)))

        await run.call(CallKind.HTTP, "main", name, send, bound=Usage(3000, 0))

    await asyncio.gather(ask("second"), ask("first"))
    await world.close()
    assert sorted((name, instant >= 30.0) for name, instant in sent) == [
        ("first", False),
        ("first", True),
        ("second", True),
    ]
    assert {(row.state, row.sends) for row in ledger.rows.values()} == {(CallState.SETTLED, 1)}


class SlowToRelease(MemoryCallLedger):
    """A ledger whose release takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__(ROOT)
        self.releasing, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def release(self, key: CallKey, reason: str) -> CallRow:
        self.releasing.set()
        await self.may_go_on.wait()
        return await super().release(key, reason)


async def test_a_refused_call_is_released_though_it_is_cancelled_meanwhile() -> None:
    world, ledger = World(), SlowToRelease()
    call = asyncio.create_task(world.call(world.run("one", ledger=ledger), refusals=1))
    await ledger.releasing.wait()
    call.cancel()
    await asyncio.sleep(0)
    ledger.may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [(row.state, row.sends) for row in ledger.rows.values()] == [(CallState.RELEASED, 0)]


class LateBoard(MemoryQueueBoard):
    """Lets a call in, and then another one is told to wait before the call hears of it."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(clock)
        self.queues: SharedQueues | None = None
        self.let_in: list[UUID] = []

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        entry = await super().enter(queue, holder, has_turn=has_turn, tokens=tokens)
        if not entry.delay and queue.concurrency is not None:
            self.let_in.append(holder)
        if self.queues is not None:
            queues, self.queues = self.queues, None
            await queues.pause("main", 30.0)
        return entry


async def test_a_call_that_was_let_in_while_another_was_told_to_wait_waits_too() -> None:
    world = World(concurrency=5)
    world.board = board = LateBoard(world.clock)
    run = world.run("one")
    board.queues = world.queues[0]
    await world.call(run)
    await world.call(run)
    await world.close()
    assert [instant - 1000 for _, instant in world.sent] == [30.0, 30.0]
    assert len(set(board.let_in)) == len(board.let_in) > 0
    assert board.slots["shared"] == {}


async def test_being_too_fast_never_fails_however_often_it_happens() -> None:
    world = World()
    await world.call(world.run("one"), refusals=50, delay=600.0)
    assert len(world.sent) == 51


async def test_a_run_with_many_calls_does_not_keep_another_one_out() -> None:
    world = World(requests_per_minute=60)
    busy, other = world.run("busy"), world.run("other")
    flood = [asyncio.ensure_future(world.call(busy)) for _ in range(100)]
    await asyncio.sleep(0)
    await world.call(other)
    place = [name for name, _ in world.sent].index("other")
    await asyncio.gather(*flood)
    assert place <= 2 * AHEAD


async def test_waiting_in_line_is_told() -> None:
    world, seen = World(requests_per_minute=60), list[CallProgress]()
    run = world.run("one", seen)
    for _ in range(2):
        await world.call(run)
    waits = [(step.detail, step.delay) for step in seen if step.step is CallStep.WAITING]
    assert waits == [("its turn in the queue", 1.0)]


async def test_calls_use_no_more_tokens_than_a_queue_lets_through() -> None:
    world = World(tokens_per_minute=6000)
    used = Answered({}, Usage(2000, 1000, Decimal(0)))
    runs = [world.run(name) for name in ("one", "two")]
    await asyncio.gather(*(world.call(run, bound=Usage(2000, 1000), answer=used) for run in runs for _ in range(3)))
    instants = sorted(round(instant - 1000) for _, instant in world.sent)
    assert instants[:2] == [0, 0]
    assert all(later - earlier >= 30 for earlier, later in pairwise(instants[1:]))


async def test_tokens_that_a_call_did_not_use_are_there_for_the_next() -> None:
    world = World(tokens_per_minute=6000)
    used = Answered({}, Usage(50, 50, Decimal(0)))
    run = world.run("one")
    for _ in range(5):
        await world.call(run, bound=Usage(3000, 2000), answer=used)
        await world.close()
    assert [instant - 1000 for _, instant in world.sent] == [0.0] * 5


async def test_a_call_that_was_refused_used_no_tokens() -> None:
    world = World(tokens_per_minute=6000)
    await world.call(world.run("one"), refusals=3, delay=1.0, bound=Usage(3000, 3000))
    assert [instant - 1000 for _, instant in world.sent] == [0.0, 1.0, 2.0, 3.0]


async def test_a_call_beyond_the_limit_of_a_minute_goes_when_all_tokens_are_there() -> None:
    world = World(tokens_per_minute=6000)
    run = world.run("one")
    used = Answered({}, Usage(9000, 1000, Decimal(0)))
    for _ in range(2):
        await world.call(run, bound=Usage(9000, 1000), answer=used)
    assert [round(instant - 1000) for _, instant in world.sent] == [0, 60]


async def test_an_answer_that_leaves_nothing_of_the_limits_lets_every_run_wait() -> None:
    world = World()
    one, two = world.run("one"), world.run("two")
    await world.call(one, answer=replace(ANSWER, rest=7.0))
    await world.call(two)
    assert [instant - 1000 for _, instant in world.sent] == [0.0, 7.0]
