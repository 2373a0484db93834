"""Queues of calls; what changes one locks its row, so that turns and slots are given out one after the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from repomill.calls.queues import SLOT_LIFE, QueueLimits
from storage.database.models import CallQueue, CallSlot
from storage.database.repositories.base import Repository

LOOK_AGAIN = timedelta(seconds=0.2)
"""Time after which a call that found all slots taken looks again."""

NOW = timedelta()


class CallQueues(Repository):
    """Turns, pauses and slots by the queue's name."""

    def pause_left(self, queue: QueueLimits) -> timedelta:
        """Return how long nobody may enter, without locking."""
        until = self._session.scalar(select(CallQueue.paused_until).where(CallQueue.name == queue.name))
        return NOW if until is None else max(NOW, until - self._clock())

    def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool) -> tuple[timedelta, bool]:
        """Take a turn and a slot; return how long to wait before it is tried again, and whether the turn is taken."""
        row, now = self._locked(queue.name), self._clock()
        if row.paused_until is not None and row.paused_until > now:
            return row.paused_until - now, has_turn
        if queue.requests_per_minute is not None and not has_turn:
            turn = max(now, row.next_turn_at or now)
            row.next_turn_at = turn + timedelta(minutes=1) / queue.requests_per_minute
            self._session.flush()
            if turn > now:
                return turn - now, True
        return NOW if self._takes_slot(queue, holder, now) else LOOK_AGAIN, True

    def _takes_slot(self, queue: QueueLimits, holder: UUID, now: datetime) -> bool:
        if queue.concurrency is None:
            return True
        self._session.execute(delete(CallSlot).where(CallSlot.queue == queue.name, CallSlot.expires_at <= now))
        taken = self._session.scalar(select(func.count()).select_from(CallSlot).where(CallSlot.queue == queue.name))
        if (taken or 0) >= queue.concurrency:
            return False
        self._add(CallSlot(queue=queue.name, holder=holder, expires_at=_life(now)))
        return True

    def renew(self, queue: QueueLimits, holder: UUID) -> None:
        """Let a slot live on."""
        its = (CallSlot.queue == queue.name, CallSlot.holder == holder)
        self._session.execute(update(CallSlot).where(*its).values(expires_at=_life(self._clock())))

    def leave(self, queue: QueueLimits, holder: UUID) -> None:
        """Give a slot back."""
        self._session.execute(delete(CallSlot).where(CallSlot.queue == queue.name, CallSlot.holder == holder))

    def pause(self, queue: QueueLimits, length: timedelta) -> None:
        """Let nobody enter for that long; a longer pause stays."""
        row, until = self._locked(queue.name), self._clock() + length
        row.paused_until = until if row.paused_until is None else max(until, row.paused_until)
        self._session.flush()

    def _locked(self, name: str) -> CallQueue:
        found = self._find(name)
        if found:
            return found[0]
        try:
            with self._session.begin_nested():
                self._add(CallQueue(name=name))
        except IntegrityError:
            pass  # another transaction was quicker, and has committed
        return self._find(name)[0]

    def _find(self, name: str) -> Sequence[CallQueue]:
        query = select(CallQueue).where(CallQueue.name == name).with_for_update()
        return self._session.scalars(query.execution_options(populate_existing=True)).all()


def _life(now: datetime) -> datetime:
    return now + timedelta(seconds=SLOT_LIFE)
