"""Queues: how many calls run at once and how fast they follow each other, shared by all runs on all machines.

A call waits for its turn before budget is put aside for it. What processes know of each other stands on a board
(`QueueBoard`); `repomill.calls.shared_queues` asks it on behalf of a run.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

SLOT_LIFE: Final = 60.0
"""Seconds after which the slot of a holder that died is free again."""

LOOK_AGAIN: Final = 0.2
"""Seconds after which a call that found all slots taken looks again."""

Told = Callable[[float], None]
"""Called with the seconds that a call is going to wait."""


def no_pause() -> float:
    """Of a turn that nobody can take back."""
    return 0.0


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Of one queue: calls at once, calls a minute, and tokens a minute; None where there is no bound."""

    name: str
    concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of an attempt to enter: in when `delay` is 0, else to be made again after so many seconds.

    `has_turn` says that the turn and the tokens are taken, `needs_slot` that all slots are. `turn_at` is the instant of
    a turn that this attempt booked, by the board's clock.
    """

    delay: float
    has_turn: bool
    needs_slot: bool = False
    turn_at: float | None = None


@dataclass(slots=True)
class Turn:
    """A call's time to go out, with the tokens that it took from its queue; `used` is what it is known to have used.

    `pause_left` gives the seconds for which nobody may send after all: another call of the run was told to wait. `at`
    is the instant that was booked for it, None where the queue has no rate.
    """

    tokens: int = 0
    used: int = 0
    at: float | None = None
    pause_left: Callable[[], float] = field(default=no_pause, compare=False)

    @property
    def unused(self) -> int:
        """What goes back to the queue."""
        return max(0, self.tokens - self.used)


class QueueBoard(Protocol):
    """Port: what all processes know of queues. What a method did is committed when it returns.

    Adapters: `storage.database.queues.SqlQueueBoard`, and `repomill.calls.memory_queues.MemoryQueueBoard`.
    """

    async def enter(self, queue: QueueLimits, holder: UUID, *, has_turn: bool, tokens: int = 0) -> Entry:
        """Take tokens and a turn, where the queue has such rates and the holder none yet, then a slot.

        `tokens` are at most those of a minute.
        """

    async def renew(self, queue: QueueLimits, holder: UUID) -> None:
        """Say that the holder of a slot lives."""

    async def leave(self, queue: QueueLimits, holder: UUID) -> None:
        """Give a slot back."""

    async def give_back(self, queue: QueueLimits, tokens: int) -> None:
        """Put tokens back that were taken and not used."""

    async def unbook(self, queue: QueueLimits, turns: Collection[float]) -> frozenset[float]:
        """Give back turns in which nothing was sent, the latest first, as far as nobody has a later one.

        Returns:
            Those to come that others stand behind: they may be given back when the others are.
        """

    async def pause(self, queue: QueueLimits, seconds: float) -> None:
        """Let nobody enter for that long; a longer pause that is under way stays."""


class Queues(Protocol):
    """Port: where the choke point asks for turns."""

    def turn(self, source: str, told: Told, tokens: int = 0) -> AbstractAsyncContextManager[Turn]:
        """Wait until a call to the source may go out, and count it as under way inside the block.

        `tokens` is the most it may use; what it is known to have used is said to the turn.
        """

    async def pause(self, source: str, seconds: float) -> None:
        """Slow every run down that uses the source's queue: it said that it is asked too fast."""


@dataclass(frozen=True, slots=True)
class NoQueues:
    """Lets every call go at once; one that was asked to wait waits alone."""

    @asynccontextmanager
    async def turn(self, source: str, told: Told, tokens: int = 0) -> AsyncIterator[Turn]:
        """Wait for nothing."""
        yield Turn(tokens)

    async def pause(self, source: str, seconds: float) -> None:
        """Tell nobody."""
