"""Port: how a node asks something outside, so that every answer is kept and none is paid for twice."""

from typing import Protocol
from uuid import UUID

from repomill.calls.ledger import FREE, CallKind, Usage
from repomill.calls.sending import Send
from repomill.canonical import Json


class Calls(Protocol):
    """The calls of one node instance; they are numbered in the order in which they are asked for."""

    @property
    def root_execution_id(self) -> UUID:
        """Return the execution within which equal calls are one call."""

    @property
    def next_number(self) -> int:
        """Return the number of the call that is made next; in every try it is the same."""

    async def call(  # noqa: PLR0913  # all that the ledger keeps of a call
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
        """Return the answer: the one that is known to this execution or recorded, else what `send` gives.

        `request` is all that the answer depends on, as canonical JSON without secrets: an equal request of the same
        number has the same answer. `bound` is the most the call can consume. Say `repeatable=False` for what must not
        be sent again when its answer was lost. An answer is a JSON object; a `usage` at its top with `input_tokens`
        and `output_tokens` is read as what it consumed.

        Raises:
            ValueError: the request is not JSON that has a canonical form.
            RecordingMissing, RecordingUnreadable: strict mode has no answer, or not a readable one.
            CallRefused: the other side refused for good.
            CallUnavailable: it could not be reached, or asked for patience, for as often as the retry policy allows.
            CallUncertain: the answer was lost, and it may not be sent again.
        """

    def numbered_from(self, number: int) -> "Calls":
        """Return calls of the same node whose numbers begin there: askers of one node keep out of each other's way."""
