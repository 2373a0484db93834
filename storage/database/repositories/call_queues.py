"""Queues of calls; what changes one locks its row, so that turns and slots are given out one after the other."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from repomill.calls.queues import LOOK_AGAIN, SLOT_LIFE, Entry, QueueLimits
from repomill.calls.token_bucket import TokenBucket
from storage.database.models import CallQueue, CallSlot
from storage.database.repositories._many import (
    OfHere,
    Opening,
    change_here,
    of_here,
    table_of,
    update_all,
    write_here,
)
from storage.database.repositories.base import Repository
from storage.database.scope import Scope

AT_ONCE = timedelta(seconds=0.05)
"""What a statement takes at most that waits for nobody."""

_QUEUES = table_of(CallQueue)
_NAMED = of_here(select(_QUEUES).where(_QUEUES.c.name == bindparam("queue")), _QUEUES)
_LOCKED = OfHere(_NAMED.with_for_update())
_NOW = bindparam("now", type_=_QUEUES.c.next_turn_at.type)
_DUE = change_here(
    update(_QUEUES)
    .where(
        _QUEUES.c.name == bindparam("queue"),
        or_(_QUEUES.c.paused_until.is_(None), _QUEUES.c.paused_until <= _NOW),
        or_(_QUEUES.c.next_turn_at.is_(None), _QUEUES.c.next_turn_at <= _NOW),
    )
    .values(next_turn_at=bindparam("next")),
    _QUEUES,
    "id",
)
"""A turn that is due, booked in one statement."""
_DATED = write_here(
    update(_QUEUES).where(_QUEUES.c.name == bindparam("lane")).values(next_turn_at=bindparam("next")), _QUEUES
)
_SLOTS = table_of(CallSlot)
_IN_QUEUE, _IS_OVER = _SLOTS.c.queue == bindparam("lane"), _SLOTS.c.expires_at <= bindparam("now")
_ITS = and_(_IN_QUEUE, _SLOTS.c.holder == bindparam("slot"))
_COUNTED = of_here(select(func.count(), func.count().filter(_IS_OVER)).select_from(_SLOTS).where(_IN_QUEUE), _SLOTS)
"""How many slots there are, and how many of them are over."""
_SWEPT = write_here(delete(_SLOTS).where(_IN_QUEUE, _IS_OVER), _SLOTS)
_LEFT = write_here(delete(_SLOTS).where(_ITS), _SLOTS)
_RENEWED = write_here(update(_SLOTS).where(_ITS).values(expires_at=bindparam("until")), _SLOTS)


def turn_due(queue: QueueLimits, now: datetime) -> Opening:
    """Return what books a turn as its transaction begins, unless nobody may enter or others have later ones."""
    return Opening(_DUE, _turn(queue, now))


def _turn(queue: QueueLimits, now: datetime) -> dict[str, object]:
    return {"queue": queue.name, "now": now, "next": _following(queue, now)}


def _following(queue: QueueLimits, turn: datetime) -> datetime:
    return turn + timedelta(minutes=1) / (queue.requests_per_minute or 1)


class CallQueues(Repository):
    """Turns, pauses and slots by the queue's name."""

    def __init__(self, session: Session, scope: Scope, clock: Callable[[], datetime]) -> None:
        super().__init__(session, scope, clock)
        self._behind: set[str] = set()
        """Queues that had no turn due in this transaction: the next caller's comes later still."""

    def pause_left(self, queue: QueueLimits) -> float:
        """Return for how many seconds nobody may enter, without locking."""
        found = self._read_all(_NAMED, {"queue": queue.name})
        until = found[0].paused_until if found else None
        return 0.0 if until is None else max(0.0, (until - self._clock()).total_seconds())

    def enter(
        self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0, may_be_due: bool = True
    ) -> Entry:
        """Take tokens, a turn and a slot, or say how long to wait before it is tried again.

        Who knows that no turn is due says so, which saves a look.
        """
        tokens = tokens if queue.tokens_per_minute is not None else 0
        if may_be_due and not has_turn and not tokens:
            due_at = self._booked_when_due(queue)
            if due_at is not None:
                return self._in_with_slot(queue, holder, due_at)
        row, now = self._locked(queue.name), self._clock()
        if row.paused_until is not None and row.paused_until > now:
            return Entry((row.paused_until - now).total_seconds(), has_turn)
        turn_at: datetime | None = None
        if not has_turn:
            if wait := self._wait_for_tokens(row, queue, holder, tokens, now):
                return Entry(wait, has_turn=False)
            turn_at = self._book(row, queue, now)
        if turn_at is not None and turn_at > now:
            return Entry((turn_at - now).total_seconds(), has_turn=True, turn_at=turn_at.timestamp())
        return self._in_with_slot(queue, holder, turn_at)

    def entered(self, queue: QueueLimits, booked: datetime) -> Entry:
        """Return what became of a turn that was booked by `turn_due`, and is all that was needed."""
        return Entry(0.0, has_turn=True, turn_at=self._dated(queue, booked).timestamp())

    def _in_with_slot(self, queue: QueueLimits, holder: UUID, turn_at: datetime | None) -> Entry:
        instant = None if turn_at is None else turn_at.timestamp()
        if not self._takes_slot(queue, holder, self._clock()):
            return Entry(LOOK_AGAIN, has_turn=True, needs_slot=True, turn_at=instant)
        return Entry(0.0, has_turn=True, turn_at=instant)

    def _booked_when_due(self, queue: QueueLimits) -> datetime | None:
        """Lock the queue and book a turn in one statement; None where that is not due, or nobody may enter."""
        if queue.requests_per_minute is None or queue.name in self._behind or not self._can_return:
            return None
        now = self._clock()
        if self._read_all(_DUE, _turn(queue, now)):
            return self._dated(queue, now)
        self._behind.add(queue.name)
        return None

    def _dated(self, queue: QueueLimits, booked: datetime) -> datetime:
        """Return the instant of a turn that was just booked: now, where the queue's lock was waited for since.

        All who waited would go out at once else, each in a turn of the past.
        """
        now = self._clock()
        if now - booked < AT_ONCE:
            return booked
        self._write_all(_DATED, {"lane": queue.name, "next": _following(queue, now)})
        return now

    def _wait_for_tokens(self, row: Row[Any], queue: QueueLimits, holder: UUID, tokens: int, now: datetime) -> float:
        if queue.tokens_per_minute is None or not tokens:
            return 0.0
        bucket, wait = _bucket(row).take(tokens, queue.tokens_per_minute, holder, now.timestamp())
        self._keep(row, bucket)
        return wait

    def _book(self, row: Row[Any], queue: QueueLimits, now: datetime) -> datetime | None:
        if queue.requests_per_minute is None:
            return None
        turn = max(now, row.next_turn_at or now)
        self._write(row, next_turn_at=_following(queue, turn))
        return turn

    def unbook(self, queue: QueueLimits, turns: Collection[float]) -> frozenset[float]:
        """Give back turns in which nothing was sent; return those to come that others stand behind."""
        if queue.requests_per_minute is None:
            return frozenset()
        row, now = self._locked(queue.name), self._clock()
        following, left = row.next_turn_at, list[datetime]()
        for turn in sorted((datetime.fromtimestamp(turn, UTC) for turn in turns), reverse=True):
            if following == turn + timedelta(minutes=1) / queue.requests_per_minute:
                following = turn
            elif turn > now:
                left.append(turn)
        self._write(row, next_turn_at=following)
        return frozenset(turn.timestamp() for turn in left)

    def give_back(self, queue: QueueLimits, tokens: int) -> None:
        """Put tokens back that were taken and not used."""
        row = self._locked(queue.name)
        if queue.tokens_per_minute is not None and row.tokens_full_at is not None:
            self._keep(row, _bucket(row).give_back(tokens, queue.tokens_per_minute))

    def _keep(self, row: Row[Any], bucket: TokenBucket) -> None:
        self._write(
            row,
            tokens_full_at=datetime.fromtimestamp(bucket.full_at, UTC),
            tokens_first=bucket.first,
            tokens_first_until=datetime.fromtimestamp(bucket.first_until, UTC) if bucket.first else None,
        )

    def _takes_slot(self, queue: QueueLimits, holder: UUID, now: datetime) -> bool:
        if queue.concurrency is None:
            return True
        [(all_slots, over)] = self._read_all(_COUNTED, {"lane": queue.name, "now": now})
        if over:
            self._write_all(_SWEPT, {"lane": queue.name, "now": now})
        if all_slots - over >= queue.concurrency:
            return False
        self._insert(CallSlot(queue=queue.name, holder=holder, expires_at=_life(now)))
        return True

    def renew(self, queue: QueueLimits, holder: UUID) -> None:
        """Let a slot live on."""
        self._write_all(_RENEWED, {"lane": queue.name, "slot": holder, "until": _life(self._clock())})

    def leave(self, queue: QueueLimits, holder: UUID) -> None:
        """Give a slot back."""
        self._write_all(_LEFT, {"lane": queue.name, "slot": holder})

    def pause(self, queue: QueueLimits, length: timedelta) -> None:
        """Let nobody enter for that long; a longer pause stays."""
        row, until = self._locked(queue.name), self._clock() + length
        self._write(row, paused_until=until if row.paused_until is None else max(until, row.paused_until))

    def _write(self, row: Row[Any], **values: object) -> None:
        update_all(self._session, self._scope, CallQueue, [(row.id, values)])

    def _locked(self, name: str) -> Row[Any]:
        found = self._find(name)
        if found:
            return found[0]
        try:
            with self._session.begin_nested():
                self._add(CallQueue(name=name))
        except IntegrityError:
            pass  # another transaction was quicker, and has committed
        return self._find(name)[0]

    def _find(self, name: str) -> Sequence[Row[Any]]:
        return self._read_all(_LOCKED, {"queue": name})


def _bucket(row: Row[Any]) -> TokenBucket:
    instants = (0.0 if each is None else each.timestamp() for each in (row.tokens_full_at, row.tokens_first_until))
    full_at, first_until = instants
    return TokenBucket(full_at, row.tokens_first, first_until)


def _life(now: datetime) -> datetime:
    return now + timedelta(seconds=SLOT_LIFE)
