"""The in-memory twin of the call ledger."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from repomill.calls.ledger import CALL_TRANSITIONS, CallKey, CallRequest, CallRow, CallState, Usage
from repomill.canonical import Json
from repomill.errors import IllegalTransition


class MemoryCallLedger:
    """Keeps calls in dictionaries; what a test wants to see is public."""

    def __init__(self, root_execution_id: UUID, rows: Iterable[CallRow] = ()) -> None:
        self.root_execution_id = root_execution_id
        self.rows = {row.key: row for row in rows}
        self.requests: dict[CallKey, CallRequest] = {}
        self.usage: dict[CallKey, Usage] = {}

    async def find(self, key: CallKey) -> CallRow | None:
        return self.rows.get(key)

    async def reserve(self, call: CallRequest) -> CallRow:
        known = self.rows.get(call.key)
        if known is not None:
            self._check(known, CallState.RESERVED)
        self.requests[call.key] = call
        return self._keep(CallRow(call.key, CallState.RESERVED, known.sends if known else 0))

    async def mark_sent(self, key: CallKey) -> CallRow:
        row = self._follow(key, CallState.SENT)
        return self._keep(replace(row, sends=row.sends + 1))

    async def reserve_and_send(self, call: CallRequest) -> CallRow:
        known = self.rows.get(call.key)
        if known is None or known.state is not CallState.UNCERTAIN:
            await self.reserve(call)
        self.requests[call.key] = call
        return await self.mark_sent(call.key)

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        row = self._follow(key, CallState.ANSWERED)
        self.usage[key] = usage
        return self._keep(replace(row, response=response))

    async def settle(self, key: CallKey) -> CallRow:
        return self._keep(self._follow(key, CallState.SETTLED))

    async def record_and_settle(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        await self.record_answer(key, response, usage, latency_ms)
        return await self.settle(key)

    async def record_known(self, call: CallRequest, response: Json, usage: Usage) -> CallRow:
        await self.reserve_and_send(call)
        return await self.record_and_settle(call.key, response, usage, latency_ms=0)

    async def mark_uncertain(self, key: CallKey) -> CallRow:
        row = self._known(key, CallState.UNCERTAIN)
        return row if row.state is CallState.UNCERTAIN else self._keep(self._follow(key, CallState.UNCERTAIN))

    async def release(self, key: CallKey, reason: str) -> CallRow:
        known = self._known(key, CallState.RELEASED)
        if known.state is CallState.UNCERTAIN:
            return known
        row = self._follow(key, CallState.RELEASED)
        return self._keep(replace(row, sends=row.sends - (known.state is CallState.SENT)))

    def _keep(self, row: CallRow) -> CallRow:
        self.rows[row.key] = row
        return row

    def _follow(self, key: CallKey, state: CallState) -> CallRow:
        row = self._known(key, state)
        self._check(row, state)
        return replace(row, state=state)

    def _known(self, key: CallKey, state: CallState) -> CallRow:
        if key not in self.rows:
            raise IllegalTransition("call", "absent", state)
        return self.rows[key]

    def _check(self, row: CallRow, state: CallState) -> None:
        if state not in CALL_TRANSITIONS[row.state]:
            raise IllegalTransition("call", row.state, state)
