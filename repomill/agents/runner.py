"""Runs agents: one request becomes one Pydantic AI run whose every model request goes through the call ledger.

Pydantic AI and the provider SDK are imported when the first agent runs, not with this module: they take seconds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from repomill.agents.output import output_shape
from repomill.agents.request import AgentAnswer, AgentRequest, ModelChoice
from repomill.agents.source import ModelSource
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.heard import Hear

if TYPE_CHECKING:
    from repomill.agents._candidates import Candidate
    from repomill.agents._endpoint import Endpoint


class AgentRunner:
    """The `repomill.nodes.base.Agents` port on model sources and ledgered calls.

    Use it as `async with AgentRunner(…) as agents`, within one event loop: it keeps one HTTP client per source.
    Safe for any number of runs at once. With `hear` answers are streamed.
    """

    def __init__(self, sources: Mapping[str, ModelSource], calls: LedgeredCalls, hear: Hear | None = None) -> None:
        self._sources = sources
        self._calls = calls
        self._hear = hear
        self._endpoints: dict[str, Endpoint] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the HTTP clients."""
        while self._endpoints:
            await self._endpoints.popitem()[1].aclose()

    async def run(self, request: AgentRequest) -> AgentAnswer:
        """Run one agent until it has its output.

        Raises:
            SourceMissing: the request's source is not among the sources, and asking was needed.
            OutputSchemaInvalid: the schema asked for is not a JSON Schema.
            AnswerNotUsable: the answer has not the structure asked for, after all repairs.
            AgentCallsExhausted: it made all the requests that it may.
            PromptTooLong: a request is longer than `max_input_tokens`; it was not sent.
            AnswerCut: the model stopped at `max_tokens`, or refused (`AnswerRefused`); the answer is kept, never used.
            RecordingMissing, RecordingUnreadable, CallUncertain, CallRefused, CallUnavailable: see
                `repomill.calls.choke_point`.
        """
        from repomill.agents._agent import run_agent
        from repomill.agents._ledger_model import LedgerModel

        shape = output_shape(request)
        choices = (ModelChoice(request.source, request.model, request.max_input_tokens), *request.fallback)
        candidates = [self._candidate(choice) for choice in choices]
        model = LedgerModel(
            request, shape.schema, candidates, calls=self._calls, endpoint=self._endpoint, hear=self._hear
        )
        answer, turn = await run_agent(request, shape, model, self._calls)
        output, files = shape.result(answer)
        return AgentAnswer(output, files, model.usage, model.requests, turn)

    def _candidate(self, choice: ModelChoice) -> "Candidate":
        from repomill.agents._candidates import Candidate
        from repomill.agents._ledger_model import source_missing

        source = self._sources.get(choice.source)
        name = choice.model or (source.model if source else "")
        if not name:
            raise source_missing(choice.source)
        return Candidate(choice.source, source, name, choice.max_input_tokens)

    def _endpoint(self, source: ModelSource) -> "Endpoint":
        from repomill.agents._endpoint import Endpoint

        if source.name not in self._endpoints:
            self._endpoints[source.name] = Endpoint(source)
        return self._endpoints[source.name]
