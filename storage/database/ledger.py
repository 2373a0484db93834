"""The call ledger in the database, with requests and answers beside it in the artefact store.

A payload is stored before the row that names it is committed, so a row never names what is not there. An answer whose
row was not written any more (the process died between the two) is found in the store and taken up, not paid again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from repomill.calls.budget import Limits
from repomill.calls.ledger import CallKey, CallRequest, CallRow, CallState, Usage
from repomill.canonical import Json, digest
from repomill.errors import BudgetReserved, OwnershipLost
from storage.artifacts.keys import call_key
from storage.artifacts.port import ArtifactStore
from storage.database.lease import Lease
from storage.database.models import Call
from storage.database.repositories._calls_at_once import AtOnce, begun, ended
from storage.database.repositories._leases import owned
from storage.database.repositories.budgets import RunBudget
from storage.database.scope import Scope
from storage.database.session import Database
from storage.database.together import Together
from storage.database.work import Work

T = TypeVar("T")


ANSWER_FORMAT = 1

ABANDONED = timedelta(minutes=10)
"""A run that was silent for so long is gone: several times a lease, since its calls are taken from it."""

NO_LIMITS = Limits()

_UNKNOWN = (CallState.SENT, CallState.UNCERTAIN)
"""States of calls whose answer may be stored though no row says so."""

KEYS_REMEMBERED = 10_000
"""Of earlier calls, some 300 bytes each; a run that begins with more looks each of its calls up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is stored: what the provider returned, and what the row needs if it was never written."""

    response: Json
    usage: Usage
    latency_ms: int

    def to_bytes(self) -> bytes:
        usage = asdict(self.usage) | {"cost": None if self.usage.cost is None else str(self.usage.cost)}
        facts = {"format": ANSWER_FORMAT, "usage": usage, "latency_ms": self.latency_ms, "response": self.response}
        return json.dumps(facts).encode()  # not canonical JSON, which refuses numbers beyond 2**53

    @classmethod
    def from_bytes(cls, content: bytes) -> "Answer":
        facts: dict[str, Any] = json.loads(content)
        usage = facts["usage"]
        cost = None if usage["cost"] is None else Decimal(usage["cost"])
        return cls(facts["response"], Usage(**(usage | {"cost": cost})), facts["latency_ms"])


class SqlCallLedger:
    """The ledger of one root execution, written under the lease of the execution that runs now."""

    def __init__(  # noqa: PLR0913  # the parts of one ledger
        self,
        database: Database,
        store: ArtifactStore,
        scope: Scope,
        lease: Lease,
        root_execution_id: UUID,
        *,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.root_execution_id = root_execution_id
        self._database = database
        self._store = store
        self._scope = scope
        self._lease = lease
        self._limits = limits
        self._just_stored: dict[CallKey, Answer] = {}
        self._project_id: UUID | None = None
        self._keys: set[CallKey] = set()
        self._knows_all: bool | None = None
        self._looking = asyncio.Lock()
        self._together = Together(database, scope, lambda work: work.executions.guard(lease), opening=owned(lease))

    async def find(self, key: CallKey) -> CallRow | None:
        if not await self._may_be_there(key):
            return None
        call = await self._read(lambda work: work.calls.find(self.root_execution_id, key))
        if call is None:
            return None
        if call.state in _UNKNOWN and await self._store.exists(self._payload_key(key, "response")):
            return await self._answered(key, await self._answer(key))
        response = (await self._answer(key)).response if call.response_key else None
        return _row(key, call, response)

    async def _may_be_there(self, key: CallKey) -> bool:
        """Save each new call a look at the database: nobody but the holder of the lease writes calls of the root."""
        async with self._looking:  # hundreds of calls may begin at once, and one look is enough
            if self._knows_all is None:
                before = await self._read(lambda work: work.calls.keys(self.root_execution_id, KEYS_REMEMBERED))
                self._keys.update(before)
                self._knows_all = len(before) < KEYS_REMEMBERED
        return key in self._keys or not self._knows_all

    async def reserve(self, call: CallRequest) -> CallRow:
        return await self._reserve(call, goes_out=False)

    async def reserve_and_send(self, call: CallRequest) -> CallRow:
        return await self._reserve(call, goes_out=True)

    async def _reserve(self, call: CallRequest, *, goes_out: bool) -> CallRow:
        is_new = bool(self._knows_all) and call.key not in self._keys
        self._keys.add(call.key)
        request_key = self._payload_key(call.key, "request")
        stored = await self._stored_beside({request_key: call.content})
        execution = self._lease.execution_id
        root, limits, now = self.root_execution_id, self._limits, self._database.clock()
        at_once = begun(self._lease, root, limits, call, request_key, now) if is_new and goes_out else None

        def reserve(work: Work) -> Call:
            step = work.calls.reserve_and_send if goes_out else work.calls.reserve
            return step(self._run(work), execution, call, request_key, is_new=is_new)

        try:
            return await self._put_aside(call.key, reserve, stored, at_once)
        except IntegrityError:
            is_new = False  # another execution of the same root was quicker
        return await self._put_aside(call.key, reserve, stored)

    async def mark_sent(self, key: CallKey) -> CallRow:
        return await self._put_aside(key, lambda work: work.calls.sent(self._run(work), key))

    async def _put_aside(
        self,
        key: CallKey,
        step: Callable[[Work], Call],
        stored: Sequence[Future[None]] = (),
        at_once: AtOnce | None = None,
    ) -> CallRow:
        """Take a step that needs budget; runs that died may hold it."""
        try:
            return await self._write(key, step, stored, at_once)
        except BudgetReserved:
            if not await self._database.run(self._scope, lambda work: work.calls.end_abandoned(ABANDONED)):
                raise
        return await self._write(key, step, stored, at_once)

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        return await self._answered(key, await self._stored(key, Answer(response, usage, latency_ms)))

    async def settle(self, key: CallKey) -> CallRow:
        row = await self._write(key, lambda work: work.calls.settled(self.root_execution_id, key))
        answer = self._just_stored.pop(key, None) or await self._answer(key)
        return CallRow(row.key, row.state, row.sends, answer.response)

    async def record_and_settle(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        root, place = self.root_execution_id, self._payload_key(key, "response")
        stored = await self._stored_beside({place: Answer(response, usage, latency_ms).to_bytes()})
        row = await self._write(
            key,
            lambda work: work.calls.answered_and_settled(root, key, place, usage, latency_ms),
            stored,
            ended(self._lease, root, key, place, usage, latency_ms, self._database.clock()),
        )
        return CallRow(row.key, row.state, row.sends, response)

    async def record_known(self, call: CallRequest, response: Json, usage: Usage) -> CallRow:
        self._keys.add(call.key)
        asked, answered = self._payload_key(call.key, "request"), self._payload_key(call.key, "response")
        answer = Answer(response, usage, latency_ms=0)
        stored = await self._stored_beside({asked: call.content, answered: answer.to_bytes()})
        root, execution = self.root_execution_id, self._lease.execution_id
        row = await self._write(
            call.key, lambda work: work.calls.known(root, execution, call, asked, answered, usage), stored
        )
        return CallRow(row.key, row.state, row.sends, response)

    async def mark_uncertain(self, key: CallKey) -> CallRow:
        return await self._write(key, lambda work: work.calls.uncertain(self.root_execution_id, key))

    async def release(self, key: CallKey, reason: str) -> CallRow:
        return await self._write(key, lambda work: work.calls.released(self.root_execution_id, key, reason))

    def _run(self, work: Work) -> RunBudget:
        if self._project_id is None:
            self._project_id = work.executions.get(self._lease.execution_id).project_id
        return RunBudget(self.root_execution_id, self._project_id, self._limits)

    async def _stored(self, key: CallKey, answer: Answer) -> Answer:
        await self._store.put(self._payload_key(key, "response"), answer.to_bytes())
        return answer

    async def _answered(self, key: CallKey, answer: Answer) -> CallRow:
        root, place = self.root_execution_id, self._payload_key(key, "response")
        row = await self._write(
            key, lambda work: work.calls.answered(root, key, place, answer.usage, answer.latency_ms)
        )
        self._just_stored[key] = answer
        return CallRow(row.key, row.state, row.sends, answer.response)

    async def _answer(self, key: CallKey) -> Answer:
        return Answer.from_bytes(await self._store.get(self._payload_key(key, "response")))

    async def _read(self, function: Callable[[Work], T]) -> T:
        def guarded(work: Work) -> T:
            if not work.executions.is_good(self._lease):
                raise OwnershipLost(str(self._lease.execution_id))
            return function(work)

        return await self._database.run(self._scope, guarded, read_only=True)

    async def _stored_beside(self, payloads: Mapping[str, bytes]) -> Sequence[Future[None]]:
        """Store payloads, or begin to: for what is returned, the transaction waits that names them.

        What was begun is stored also when that transaction fails or its caller is cancelled.
        """
        begun = {key: self._store.begin_put(key, content) for key, content in payloads.items()}
        await asyncio.gather(*(self._store.put(key, payloads[key]) for key, future in begun.items() if future is None))
        return [future for future in begun.values() if future is not None]

    async def _write(
        self,
        key: CallKey,
        step: Callable[[Work], Call],
        stored: Sequence[Future[None]] = (),
        at_once: AtOnce | None = None,
    ) -> CallRow:
        """Take a step; PostgreSQL may do so `at_once`, without us."""

        def take(work: Work) -> CallRow:
            if at_once is not None and (sends := work.taken_at_once(at_once.opening)) is not None:
                return CallRow(key, at_once.becomes, sends)
            return _row(key, step(work))

        return await self._together.run(take, stored, opening=at_once.opening if at_once else None)

    def _payload_key(self, key: CallKey, side: Literal["request", "response"]) -> str:
        """Name a payload by node and request: two nodes that ask the same get answers of their own."""
        identity = digest({"node": key.node_path, "request": key.request_digest})
        return call_key(self._scope.organisation_id, self.root_execution_id, identity, key.ordinal, side)


def _row(key: CallKey, call: Call, response: Json = None) -> CallRow:
    return CallRow(key, call.state, call.sends, response)
