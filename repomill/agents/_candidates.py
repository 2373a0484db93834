"""The models that may answer an agent run: the one it names, and those that take its place when it cannot."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.ledger import CallRequest
from repomill.errors import CallRefused, CallUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model of a source; `source` is None where its block does not exist."""

    name: str
    source: ModelSource | None
    model: str
    max_input_tokens: int | None = None


@dataclass
class Candidates:
    """The candidates of one agent run, in order. One that was passed over is not asked again in this run.

    An answer that was lost passes nobody over: it is charged, and a person decides.
    """

    all: Sequence[Candidate]
    _at: int = field(default=0, init=False)

    async def answered(
        self,
        calls: LedgeredCalls,
        call: Callable[[Candidate], CallRequest],
        ask: Callable[[Candidate, CallRequest], Awaitable[T]],
    ) -> T:
        """Return the answer of the first that gives one; what an earlier attempt was answered is taken first.

        Raises:
            CallRefused, CallUnavailable: what the last one failed with.
            RepomillError: anything else that asking raises.
        """
        asked = [(number, each, call(each)) for number, each in enumerate(self.all) if number >= self._at]
        for number, candidate, request in asked if len(asked) > 1 else ():
            if await calls.has_answer(request.key):
                self._at = number
                return await ask(candidate, request)
        for number, candidate, request in asked[:-1]:
            try:
                return await ask(candidate, request)
            except (CallRefused, CallUnavailable):
                self._at = number + 1
        return await ask(*asked[-1][1:])
