"""Transactions of many callers made one: what comes while one is under way goes together in the next.

Callers that lock the same row wait for each other anyway. Together they begin, lock and commit once, and hold one
thread instead of many that want the interpreter's lock.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar, cast

from repomill.errors import ArtifactStoreUnavailable, DatabaseUnavailable, OwnershipLost
from storage.database.repositories._many import Opening
from storage.database.scope import Scope
from storage.database.session import Database, was_undone
from storage.database.work import Work

T = TypeVar("T")

MOST = 8
"""Pieces of one transaction: its locks are held some 2 ms for each, and all their callers go on when it ends."""

BESIDE = timedelta(seconds=20)
"""How long locks are held for what goes on beside: others give up after 30 s, and a lease after a minute."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one caller wants done, and what has to be done beside it."""

    function: Callable[[Work], Any]
    beside: Sequence[Future[None]]
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who waits for a piece to be done; it may have been cancelled meanwhile."""

    piece: _Piece
    done: asyncio.Future[Any]

    def is_waiting(self) -> bool:
        """Tell whether it was not told yet, and not cancelled meanwhile."""
        return not self.done.done()

    def succeed(self, result: object) -> None:
        if self.is_waiting():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        if self.is_waiting():
            self.done.set_exception(error)


class Together:
    """Joins the transactions of callers in one event loop; `first` opens each, and fails it for all who are in it.

    Where the `opening`, or that of a piece which is alone, found a row, `first` is not needed. They are `durable` or
    not, as those of `Database.transaction`.
    """

    def __init__(
        self,
        database: Database,
        scope: Scope,
        first: Callable[[Work], object] | None = None,
        *,
        opening: Opening | None = None,
        durable: bool = True,
    ) -> None:
        self._database = database
        self._scope = scope
        self._first = first
        self._opening = opening
        self._durable = durable
        self._waiting: deque[_Caller] = deque()
        self._is_busy = False
        self._working: asyncio.Task[None] | None = None
        """Only so that it is not forgotten while it runs."""

    async def run(
        self,
        function: Callable[[Work], T],
        beside: Sequence[Future[None]] = (),
        *,
        opening: Opening | None = None,
    ) -> T:
        """Call `function` with a unit of work that others may share; it is committed when this returns.

        Where it has one to itself, an `opening` of its own goes out first, in the place of the one for all.

        What goes on `beside` has ended well before the commit. It takes no longer than a few statements and needs no
        event loop: locks are held meanwhile. A function that raises undoes what all did who shared the transaction, and
        each is called again in one of its own: so it has no effect but in the database. One whose caller was cancelled
        before it began is not called. Raises as `Database.run`, and what the function raises or what goes on beside it.
        """
        piece = _Piece(function, beside, opening)
        if self._is_busy:
            done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Caller(piece, done))
            return await done
        self._is_busy = True
        try:
            [result] = await self._transact([piece])
            return cast(T, result)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        callers = list[_Caller]()
        while self._waiting and len(callers) < MOST:
            caller = self._waiting.popleft()
            if caller.is_waiting():
                callers.append(caller)
        self._is_busy = bool(callers)
        if callers:
            self._working = asyncio.create_task(self._end(callers), name="transactions together")
            self._working.add_done_callback(partial(self._ended, callers))

    def _ended(self, callers: Sequence[_Caller], task: asyncio.Task[None]) -> None:
        """Go on, also where the task was cancelled before it began, as all are when the process is told to end."""
        for caller in callers:
            caller.done.cancel()  # nothing, where it was told
        self._go_on()

    async def _end(self, callers: Sequence[_Caller]) -> None:
        try:
            results = await self._transact([caller.piece for caller in callers])
        except Exception as error:  # noqa: BLE001  # their callers raise it
            for caller in callers:
                if _holds_for_all(error):
                    caller.fail(_own(error))
                else:
                    await self._end_alone(caller)
        else:
            for caller, result in zip(callers, results, strict=True):
                caller.succeed(result)
                await asyncio.sleep(0)  # what each caller does next takes its time, and others want the loop too

    async def _end_alone(self, caller: _Caller) -> None:
        if not caller.is_waiting():
            return
        try:
            caller.succeed((await self._transact([caller.piece]))[0])
        except Exception as error:  # noqa: BLE001  # its caller raises it
            caller.fail(error)

    async def _transact(self, pieces: Sequence[_Piece]) -> list[Any]:
        def all_of_them(work: Work) -> list[Any]:
            if self._first is not None and not work.found(opening):
                self._first(work)
            results = [piece.function(work) for piece in pieces]
            _wait_for([each for piece in pieces for each in piece.beside])
            return results

        own = pieces[0].opening if len(pieces) == 1 else None
        opening = own or self._opening
        return await self._database.run(self._scope, all_of_them, durable=self._durable, opening=opening)


def _wait_for(beside: Sequence[Future[None]]) -> None:
    """Wait for all; raises what one of them does, and `ArtifactStoreUnavailable` when it takes too long."""
    if wait(beside, BESIDE.total_seconds()).not_done:
        reason = f"an object was not stored within {BESIDE.total_seconds():.0f} s"
        raise ArtifactStoreUnavailable("beside the database", reason)
    for each in beside:
        each.result()


def _holds_for_all(error: Exception) -> bool:
    """Tell whether none may try alone: the lease is lost, or a transaction that broke off may have been committed."""
    return isinstance(error, OwnershipLost) or (isinstance(error, DatabaseUnavailable) and not was_undone(error))


def _own(error: Exception) -> Exception:
    """Return an error of a caller's own: where it is caught, it is told of which node it is."""
    own = copy(error)
    own.__cause__ = error
    return own
