"""The calls of one node instance, on the choke point."""

from dataclasses import dataclass
from uuid import UUID

from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import FREE, CallKey, CallKind, CallRequest, Usage
from repomill.calls.sending import Send
from repomill.canonical import Json, canonical_json, digest_bytes


@dataclass
class NodeCalls:
    """The `Calls` port of one try of one node instance: each try counts from 1 and finds the same calls."""

    calls: LedgeredCalls
    node_path: str
    next_number: int = 1

    @property
    def root_execution_id(self) -> UUID:
        """Return the execution within which equal calls are one call."""
        return self.calls.ledger.root_execution_id

    async def call(  # noqa: PLR0913  # as the port says
        self,
        kind: CallKind,
        source: str,
        request: Json,
        send: Send,
        *,
        model: str = "",
        bound: Usage = FREE,
        repeatable: bool = True,
    ) -> dict[str, Json]:
        """Answer through the ledger."""
        content = canonical_json(request)
        key = CallKey(self.node_path, self.next_number, digest_bytes(content))
        self.next_number += 1
        asked = CallRequest(key, kind, source, model, request, bound, repeatable, content)
        answered = await self.calls.answer(asked, _Sender(send))
        return _object(answered.response)

    def numbered_from(self, number: int) -> "NodeCalls":
        """Return calls of the same node with other numbers."""
        return NodeCalls(self.calls, self.node_path, number)


@dataclass(frozen=True, slots=True)
class _Sender:
    """The choke point's `Caller` that is ready to send at any time."""

    send: Send

    def connect(self) -> Send:
        return self.send

    def check(self, response: Json) -> None:
        _object(response)


def _object(response: Json) -> dict[str, Json]:
    if not isinstance(response, dict):
        raise ValueError("an answer is a JSON object")  # noqa: TRY004  # what the choke point takes for unreadable
    return response
