"""Ledger rows; `storage.database.ledger` puts the payloads beside them."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select

from repomill.calls.ledger import CallKey, CallRequest, CallState, Usage
from repomill.errors import IllegalTransition
from storage.database.models import Call
from storage.database.repositories.base import Repository
from storage.database.transitions import check_transition

ENTITY = "call"


class Calls(Repository):
    """The calls of root executions; methods that move one raise `IllegalTransition`.

    Callers guard their lease first. A call's state has its own instants in the row, so it is not audited again.
    """

    def find(self, root_id: UUID, key: CallKey) -> Call | None:
        """Return the call, None when it was never reserved."""
        return self._session.scalars(_by_key(root_id, key)).one_or_none()

    def list(self, root_id: UUID) -> Sequence[Call]:
        """Return all calls of a root execution, in the order they were made."""
        query = select(Call).where(Call.root_execution_id == root_id)
        return self._session.scalars(query.order_by(Call.created_at, Call.node_path, Call.ordinal)).all()

    def reserve(self, root_id: UUID, execution_id: UUID, call: CallRequest, request_key: str) -> Call:
        """Write a call before it is sent, or take up one that was released."""
        row = self._locked(root_id, call.key)
        if row is None:
            return self._add(self._row(root_id, execution_id, call, request_key))
        check_transition(ENTITY, row.state, CallState.RESERVED)
        row.state, row.reserved_amount, row.error = CallState.RESERVED, call.bound.cost, None
        return self._flushed(row)

    def sent(self, root_id: UUID, key: CallKey) -> Call:
        """The request goes out now."""
        row = self._moved(root_id, key, CallState.SENT)
        row.sends, row.sent_at = row.sends + 1, self._clock()
        return self._flushed(row)

    def answered(self, root_id: UUID, key: CallKey, response_key: str, usage: Usage, latency_ms: int) -> Call:
        """The answer is stored under `response_key`; what an earlier, uncertain sending was charged stays charged."""
        row = self._moved(root_id, key, CallState.ANSWERED)
        row.response_key, row.answered_at, row.latency_ms = response_key, self._clock(), latency_ms
        row.input_tokens, row.output_tokens = usage.input_tokens, usage.output_tokens
        row.cost = _sum(row.cost, usage.cost)
        return self._flushed(row)

    def settled(self, root_id: UUID, key: CallKey) -> Call:
        """The reservation has become the cost."""
        row = self._moved(root_id, key, CallState.SETTLED)
        row.settled_at = self._clock()
        return self._flushed(row)

    def uncertain(self, root_id: UUID, key: CallKey) -> Call:
        """The answer was lost; the call is charged at its bound."""
        row = self._moved(root_id, key, CallState.UNCERTAIN)
        row.cost = _sum(row.cost, row.reserved_amount)
        return self._flushed(row)

    def released(self, root_id: UUID, key: CallKey, reason: str) -> Call:
        """The provider refused: nothing is owed for this sending, so it does not count as one."""
        row = self._known(root_id, key, CallState.RELEASED)
        was_sent = row.state is CallState.SENT
        self._moved(root_id, key, CallState.RELEASED)
        row.sends, row.error = row.sends - was_sent, reason
        return self._flushed(row)

    def _locked(self, root_id: UUID, key: CallKey) -> Call | None:
        """Executions of one root share its calls, so the lease alone does not keep two writers apart."""
        return self._session.scalars(_by_key(root_id, key).with_for_update()).one_or_none()

    def _known(self, root_id: UUID, key: CallKey, state: CallState) -> Call:
        row = self._locked(root_id, key)
        if row is None:
            raise IllegalTransition(ENTITY, "absent", state.value)
        return row

    def _moved(self, root_id: UUID, key: CallKey, state: CallState) -> Call:
        row = self._known(root_id, key, state)
        check_transition(ENTITY, row.state, state)
        row.state = state
        return row

    def _flushed(self, row: Call) -> Call:
        self._session.flush()
        return row

    def _row(self, root_id: UUID, execution_id: UUID, call: CallRequest, request_key: str) -> Call:
        return Call(
            root_execution_id=root_id,
            execution_id=execution_id,
            node_path=call.key.node_path,
            ordinal=call.key.ordinal,
            request_digest=call.key.request_digest,
            kind=call.kind,
            source=call.source,
            model=call.model,
            state=CallState.RESERVED,
            sends=0,
            reserved_amount=call.bound.cost,
            request_key=request_key,
            created_at=self._clock(),
        )


def _by_key(root_id: UUID, key: CallKey) -> Select[Call]:
    return select(Call).where(
        Call.root_execution_id == root_id,
        Call.node_path == key.node_path,
        Call.ordinal == key.ordinal,
        Call.request_digest == key.request_digest,
    )


def _sum(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first + (second or 0)
