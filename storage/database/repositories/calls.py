"""Ledger rows; `storage.database.ledger` puts the payloads beside them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update

from repomill.calls.budget import Amount
from repomill.calls.ledger import CallKey, CallRequest, CallState, Usage
from repomill.errors import IllegalTransition
from storage.database.models import Call, Execution, ExecutionAttempt
from storage.database.repositories._many import Opening, change_here, table_of
from storage.database.repositories.budgets import Budgets, RunBudget
from storage.database.repositories.call_reads import ENTITY, CallReads, call_named
from storage.database.transitions import check_transition

_BY_KEY = select(Call).where(
    Call.root_execution_id == bindparam("root"),
    Call.node_path == bindparam("path"),
    Call.ordinal == bindparam("nth"),
    Call.request_digest == bindparam("digest"),
)
_BY_KEY_LOCKED = _BY_KEY.with_for_update()

_TABLE = table_of(Call)
_TOLD = ("state", "sends", "budget_accounts", "reserved_amount", "reserved_tokens")
_NOW, _PRICE = bindparam("now", type_=_TABLE.c.settled_at.type), bindparam("price", type_=_TABLE.c.cost.type)
_SETTLED = change_here(
    update(_TABLE)
    .where(
        _TABLE.c.root_execution_id == bindparam("root"),
        _TABLE.c.node_path == bindparam("path"),
        _TABLE.c.ordinal == bindparam("nth"),
        _TABLE.c.request_digest == bindparam("digest"),
        _TABLE.c.state == CallState.SENT,
    )
    .values(
        state=CallState.SETTLED,
        response_key=bindparam("place"),
        answered_at=_NOW,
        settled_at=_NOW,
        latency_ms=bindparam("latency"),
        input_tokens=bindparam("tokens_in"),
        output_tokens=bindparam("tokens_out"),
        cost=func.coalesce(_TABLE.c.cost + func.coalesce(_PRICE, 0), _PRICE),
    ),
    _TABLE,
    *_TOLD,
)
"""Both steps of a call that was sent, in one statement; what an earlier sending was charged stays charged."""


class Calls(CallReads):
    """The calls of root executions; methods that move one raise `IllegalTransition`.

    Callers guard their lease first. A call's state has its own instants in the row, so it is not audited again.
    """

    def taken_at_once(self, step: Opening) -> int | None:
        """Let the database take a step: return how often the call was sent, None where the step is not taken.

        See `storage.database.repositories._calls_at_once`.
        """
        if self._session.get_bind().dialect.name != "postgresql":
            return None
        for found in self._read_all(step.statement, step.named):
            return int(found.sends)
        return None

    def find(self, root_id: UUID, key: CallKey) -> Call | None:
        """Return the call, None when it was never reserved."""
        return self._session.scalars(_BY_KEY, call_named(root_id, key)).one_or_none()

    def reserve(
        self, run: RunBudget, execution_id: UUID, call: CallRequest, request_key: str, *, is_new: bool = False
    ) -> Call:
        """Write a call before it is sent, or take up one that was released; its bound is put aside.

        Who knows that there is no such row yet says `is_new`, which saves a look.

        Raises:
            BudgetExceeded, BudgetReserved, PriceUnknown: see `Budgets.put_aside`.
        """
        known = None if is_new else self._locked(run.root_id, call.key)
        return self._add(self._reserved(known, run, execution_id, call, request_key))

    def sent(self, run: RunBudget, key: CallKey) -> Call:
        """The request goes out now; the second time its bound is put aside once more, and this raises as `reserve`."""
        row = self._known(run.root_id, key, CallState.SENT)
        if row.state is CallState.UNCERTAIN:
            bound = Usage(row.reserved_tokens, 0, row.reserved_amount)
            row.budget_accounts = self._budgets.put_aside(run, bound, row.source, row.model) or None
        return self._add(self._send(row))

    def reserve_and_send(
        self, run: RunBudget, execution_id: UUID, call: CallRequest, request_key: str, *, is_new: bool = False
    ) -> Call:
        """Reserve a call whose request goes out right after the commit, as `reserve`; an uncertain one goes again."""
        known = None if is_new else self._locked(run.root_id, call.key)
        if known is not None and known.state is CallState.UNCERTAIN:
            return self._add(self._send(self._taken_up(known, run, execution_id, call)))
        row = self._reserved(known, run, execution_id, call, request_key)
        if known is None:
            return self._insert(self._send(row))
        self._session.flush()  # the database lets nothing go from `released` to `sent` in one step
        return self._add(self._send(row))

    def _reserved(
        self, known: Call | None, run: RunBudget, execution_id: UUID, call: CallRequest, request_key: str
    ) -> Call:
        if known is not None:
            check_transition(ENTITY, known.state, CallState.RESERVED)
        row = known or self._row(run.root_id, execution_id, call, request_key)
        row = self._taken_up(row, run, execution_id, call)
        row.state, row.error = CallState.RESERVED, None
        return row

    def _taken_up(self, row: Call, run: RunBudget, execution_id: UUID, call: CallRequest) -> Call:
        """Put the bound of a call aside; another source may be asked than before, by another execution of the root."""
        accounts = self._budgets.put_aside(run, call.bound, call.source, call.model)
        row.execution_id, row.source, row.model = execution_id, call.source, call.model
        row.reserved_amount = call.bound.cost
        row.reserved_tokens = call.bound.input_tokens + call.bound.output_tokens
        row.budget_accounts = accounts or None
        return row

    def _send(self, row: Call) -> Call:
        check_transition(ENTITY, row.state, CallState.SENT)
        row.state, row.sends, row.sent_at = CallState.SENT, row.sends + 1, self._clock()
        return row

    def answered(self, root_id: UUID, key: CallKey, response_key: str, usage: Usage, latency_ms: int) -> Call:
        """The answer is stored under `response_key`; what an earlier, uncertain sending was charged stays charged.

        The answer of a call that is uncertain came after all: what it costs takes the place of what it was charged.
        """
        row = self._known(root_id, key, CallState.ANSWERED)
        was_lost, actual = row.state is CallState.UNCERTAIN, Amount.of(usage, row.reserved_amount)
        charged = row.reserved_amount if was_lost and usage.cost is not None else None
        self._move(
            row,
            CallState.ANSWERED,
            response_key=response_key,
            answered_at=self._clock(),
            latency_ms=latency_ms,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=_sum(None if row.cost is None else row.cost - (charged or 0), usage.cost),
        )
        if was_lost:
            self._budgets.correct(row, actual)
        else:
            self._budgets.settle(row, actual)
        return row

    def settled(self, root_id: UUID, key: CallKey) -> Call:
        """The reservation has become the cost."""
        return self._settle(self._known(root_id, key, CallState.SETTLED))

    def answered_and_settled(
        self, root_id: UUID, key: CallKey, response_key: str, usage: Usage, latency_ms: int
    ) -> Call:
        """Take both steps of a call that has its answer."""
        facts = {"place": response_key, "now": self._clock(), "latency": latency_ms, "price": usage.cost}
        tokens = {"tokens_in": usage.input_tokens, "tokens_out": usage.output_tokens}
        for changed in (
            self._read_all(_SETTLED, {**call_named(root_id, key), **facts, **tokens}) if self._can_return else ()
        ):
            row = Call(**changed._mapping)
            self._budgets.settle(row, Amount.of(usage, row.reserved_amount))
            return row
        return self._settle(self.answered(root_id, key, response_key, usage, latency_ms))

    def _settle(self, row: Call) -> Call:
        self._move(row, CallState.SETTLED, settled_at=self._clock())
        return row

    def known(  # noqa: PLR0913, PLR0917  # all that a row holds of such a call
        self, root_id: UUID, execution_id: UUID, call: CallRequest, request_key: str, response_key: str, usage: Usage
    ) -> Call:
        """Write a new call whose answer came from a recording, as one that was sent and settled at once."""
        row, now = self._row(root_id, execution_id, call, request_key), self._clock()
        row.state, row.sends, row.latency_ms, row.response_key = CallState.SETTLED, 1, 0, response_key
        row.sent_at = row.answered_at = row.settled_at = now
        row.reserved_amount, row.reserved_tokens = call.bound.cost, call.bound.input_tokens + call.bound.output_tokens
        row.input_tokens, row.output_tokens, row.cost = usage.input_tokens, usage.output_tokens, usage.cost
        return self._insert(row)

    def uncertain(self, root_id: UUID, key: CallKey) -> Call:
        """The answer was lost; the call is charged at its bound, once, whoever says so first."""
        row = self._known(root_id, key, CallState.UNCERTAIN)
        if row.state is CallState.UNCERTAIN:
            return row
        self._move(row, CallState.UNCERTAIN, cost=_sum(row.cost, row.reserved_amount))
        self._budgets.settle(row, Amount(row.reserved_amount or Decimal(0), 1, row.reserved_tokens))
        return row

    def released(self, root_id: UUID, key: CallKey, reason: str) -> Call:
        """The provider refused: nothing is owed for this sending. One that was charged meanwhile, as lost, stays so."""
        row = self._known(root_id, key, CallState.RELEASED)
        if row.state is CallState.UNCERTAIN:
            return row
        was_sent = row.state is CallState.SENT
        self._move(row, CallState.RELEASED, sends=row.sends - was_sent, error=reason)
        self._budgets.settle(row, Amount())
        return row

    def end_open(self, root_id: UUID) -> int:
        """End the calls of a root execution that no longer runs; return how many.

        What was reserved and never sent is released, what was sent is charged at its bound.
        """
        return self._end(Call.root_execution_id == root_id, waits=True)

    def end_abandoned(self, silence: timedelta) -> int:
        """End calls whose run has given no sign of life for that long, as `end_open`."""
        living = select(Execution.root_id).join(ExecutionAttempt, ExecutionAttempt.execution_id == Execution.id)
        living = living.where(
            ExecutionAttempt.ended_at.is_(None), ExecutionAttempt.heartbeat_at > self._clock() - silence
        )
        # Whoever holds one is at work on it; nobody waits here for a lock while holding others.
        return self._end(Call.root_execution_id.not_in(living), waits=False)

    def _end(self, of: ColumnElement[bool], *, waits: bool) -> int:
        query = select(Call).where(Call.state.in_((CallState.RESERVED, CallState.SENT)), of)
        rows = self._session.scalars(query.with_for_update(skip_locked=not waits)).all()
        for row in rows:
            if row.state is CallState.SENT:
                self.uncertain(row.root_execution_id, _key(row))
            else:
                self.released(row.root_execution_id, _key(row), "its run ended before it was sent")
        return len(rows)

    @property
    def _budgets(self) -> Budgets:
        return Budgets(self._session, self._scope, self._clock)

    def _locked(self, root_id: UUID, key: CallKey) -> Call | None:
        """Executions of one root share its calls, so the lease alone does not keep two writers apart."""
        return self._session.scalars(_BY_KEY_LOCKED, call_named(root_id, key)).one_or_none()

    def _known(self, root_id: UUID, key: CallKey, state: CallState) -> Call:
        row = self._locked(root_id, key)
        if row is None:
            raise IllegalTransition(ENTITY, "absent", state.value)
        return row

    def _move(self, row: Call, state: CallState, **values: Any) -> None:
        """Take a stored call to another state, with what that state says."""
        check_transition(ENTITY, row.state, state)
        self._put(row, state=state, **values)

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
            request_key=request_key,
            created_at=self._clock(),
        )


def _key(row: Call) -> CallKey:
    return CallKey(row.node_path, row.ordinal, row.request_digest)


def _sum(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return second if first is None else first + (second or 0)
