"""Steps of plain calls that PostgreSQL takes by itself, in functions of the database (migration 0016).

They do what `Calls.reserve_and_send` does of a new call that its budgets allow, and what `Calls.answered_and_settled`
does of one that was sent. In all other cases they do nothing, and those say what is wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Boolean, Integer, Numeric, String, Uuid, bindparam, column, func, select
from sqlalchemy.types import TypeEngine

from repomill.calls.budget import Limits
from repomill.calls.ledger import FREE, CallKey, CallRequest, CallState, Usage
from storage.database.lease import Lease
from storage.database.models import Call
from storage.database.repositories._leases import lease_named
from storage.database.repositories._many import OfHere, Opening, table_of
from storage.database.repositories.call_reads import call_named

_CALL = table_of(Call).c
_Types = Mapping[str, TypeEngine[Any]]

_LEASE: _Types = {"here": Uuid(), "execution": Uuid(), "fence": Integer(), "attempt": Uuid()}
_KEY: _Types = {"path": _CALL.node_path.type, "nth": Integer(), "digest": _CALL.request_digest.type}


def _call(name: str, arguments: _Types) -> OfHere:
    """Return what calls a function with these arguments, in this order."""
    function = getattr(func, name)(*(bindparam(each, type_=type_) for each, type_ in arguments.items()))
    return OfHere(select(column("sends", Integer())).select_from(function.table_valued("sends")))


_BEGIN = _call(
    "begin_call",
    {
        **_LEASE,
        "root": Uuid(),
        "day": String(),
        "run_cost": Numeric(),
        "run_calls": Numeric(),
        "run_tokens": Numeric(),
        "is_free": Boolean(),
        "bound": _CALL.reserved_amount.type,
        "tokens": BigInteger(),
        "row": Uuid(),
        **_KEY,
        "kind": _CALL.kind.type,
        "source": _CALL.source.type,
        "model": _CALL.model.type,
        "place": _CALL.request_key.type,
        "now": _CALL.created_at.type,
    },
)
_END = _call(
    "end_call",
    {
        **_LEASE,
        "root": Uuid(),
        **_KEY,
        "place": _CALL.response_key.type,
        "now": _CALL.settled_at.type,
        "latency": Integer(),
        "tokens_in": Integer(),
        "tokens_out": Integer(),
        "price": _CALL.cost.type,
    },
)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What takes a step of a call, and the state of the call where it did."""

    opening: Opening
    becomes: CallState


def begun(  # noqa: PLR0913, PLR0917  # all that a row holds of a request
    lease: Lease, root_id: UUID, limits: Limits, call: CallRequest, request_key: str, now: datetime
) -> AtOnce:
    """Return what reserves a new call that its budgets and its run's limits allow, to go out after the commit."""
    bound = call.bound
    row = {"row": uuid4(), "kind": call.kind, "source": call.source, "model": call.model, "place": request_key}
    budget = {
        "day": now.astimezone(UTC).date().isoformat(),
        "run_cost": limits.cost_usd,
        "run_calls": limits.calls,
        "run_tokens": limits.tokens,
        "is_free": bound == FREE,
        "bound": bound.cost,
        "tokens": bound.input_tokens + bound.output_tokens,
    }
    named = {**lease_named(lease), **call_named(root_id, call.key), **budget, **row, "now": now}
    return AtOnce(Opening(_BEGIN, named), CallState.SENT)


def ended(  # noqa: PLR0913, PLR0917  # all that a row holds of an answer
    lease: Lease, root_id: UUID, key: CallKey, response_key: str, usage: Usage, latency_ms: int, now: datetime
) -> AtOnce:
    """Return what takes both steps of a call that was sent and has its answer."""
    answer = {"place": response_key, "now": now, "latency": latency_ms, "price": usage.cost}
    tokens = {"tokens_in": usage.input_tokens, "tokens_out": usage.output_tokens}
    named = {**lease_named(lease), **call_named(root_id, key), **answer, **tokens}
    return AtOnce(Opening(_END, named), CallState.SETTLED)
