"""The call ledger: one row for every call that may cost money, and the port that keeps it.

A row is unique by root execution, node path, ordinal and request digest, so an attempt that starts again finds the
answers that are already paid for. States and who may follow whom: `CALL_TRANSITIONS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from repomill.canonical import Json, canonical_json


class LedgerMode(StrEnum):
    """Where answers come from.

    `live` asks outside (and reuses answers of this same execution only), `replay` takes a recording where
    there is one and asks otherwise, `strict` takes recordings only: a miss is an error.
    """

    LIVE = "live"
    REPLAY = "replay"
    STRICT = "strict"


class CallKind(StrEnum):
    """What was called."""

    MODEL = "model"
    IMAGE = "image"
    HTTP = "http"
    MCP = "mcp"
    SQL = "sql"
    MEMORY = "memory"


class CallState(StrEnum):
    """How far a call came."""

    RESERVED = "reserved"
    SENT = "sent"
    ANSWERED = "answered"
    SETTLED = "settled"
    UNCERTAIN = "uncertain"
    RELEASED = "released"


CALL_TRANSITIONS: Mapping[CallState, frozenset[CallState]] = {
    CallState.RESERVED: frozenset({CallState.SENT, CallState.RELEASED}),
    CallState.SENT: frozenset({CallState.ANSWERED, CallState.UNCERTAIN, CallState.RELEASED}),
    CallState.ANSWERED: frozenset({CallState.SETTLED}),
    CallState.SETTLED: frozenset(),
    # Charged at its bound; asked again at most once (`CallRow.sends` is then 2), unless its answer is found after all.
    CallState.UNCERTAIN: frozenset({CallState.SENT, CallState.ANSWERED}),
    # The other side refused: nothing is owed, the same request may be made again.
    CallState.RELEASED: frozenset({CallState.RESERVED}),
}


@dataclass(frozen=True, slots=True)
class CallKey:
    """What tells one call of an execution from another; `ordinal` counts from 1 within a node instance."""

    node_path: str
    ordinal: int
    request_digest: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call consumed; `cost` is in US dollars, None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None


FREE: Final = Usage(cost=Decimal(0))
"""Of a call that nobody charges for."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as the ledger keeps it; `response` is there from `answered` on.

    `sends` counts the requests that may have been charged: `mark_sent` adds one, `release` of a sent call takes it
    back.
    """

    key: CallKey
    state: CallState
    sends: int
    response: Json = None


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What is about to be asked; `request` is the canonical form whose digest stands in the key.

    `bound` is the most that one send can consume. What is not `repeatable` has an effect outside and is never sent
    again when its answer was lost.
    """

    key: CallKey
    kind: CallKind
    source: str
    model: str
    request: Json
    bound: Usage = FREE
    repeatable: bool = True
    made: bytes = b""
    """The request as bytes where they were made for the key already: with a long prompt they take milliseconds."""

    @property
    def content(self) -> bytes:
        """The request as it is stored."""
        return self.made or canonical_json(self.request)


class CallLedger(Protocol):
    """Port: the calls of one root execution. What a method did is committed when it returns.

    Adapters: `storage.database.ledger.SqlCallLedger`, and `repomill.calls.memory_ledger.MemoryCallLedger` for tests.
    Each method raises `OwnershipLost` when another process took the execution over, and `IllegalTransition` when the
    call is not in a state the step may follow.
    """

    root_execution_id: UUID

    async def find(self, key: CallKey) -> CallRow | None:
        """Return the call with its response, or None when it was never reserved."""

    async def reserve(self, call: CallRequest) -> CallRow:
        """Write the call and its request before anything is sent; a `released` call is taken up again."""

    async def mark_sent(self, key: CallKey) -> CallRow:
        """Say that the request goes out now; adds one to `sends`."""

    async def reserve_and_send(self, call: CallRequest) -> CallRow:
        """Do what `reserve` and `mark_sent` do as one transaction, for a request that goes out right after it.

        An `uncertain` call is sent again, by the source and with the bound that it has now.
        """

    async def record_answer(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        """Store the raw answer, before anybody looks into it."""

    async def settle(self, key: CallKey) -> CallRow:
        """Turn the reservation into what the call cost."""

    async def record_and_settle(self, key: CallKey, response: Json, usage: Usage, latency_ms: int) -> CallRow:
        """Do what `record_answer` and `settle` do as one transaction."""

    async def record_known(self, call: CallRequest, response: Json, usage: Usage) -> CallRow:
        """Write a new call with an answer from a recording, settled, as one transaction: nothing is sent for it."""

    async def mark_uncertain(self, key: CallKey) -> CallRow:
        """Say that the request went out and its answer was lost; said once more it changes nothing."""

    async def release(self, key: CallKey, reason: str) -> CallRow:
        """Say that the other side refused and nothing is owed; takes one off `sends` when the call was `sent`.

        A call that was given up as lost meanwhile stays `uncertain`.
        """
