"""The Pydantic AI model through which an agent run asks: each request becomes one ledgered call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings

from repomill.agents._answer_headers import answer_headers
from repomill.agents._candidates import Candidate, Candidates
from repomill.agents._canonical_request import canonical_request, left_out
from repomill.agents._endings import refuse_when_cut
from repomill.agents._stored_response import dump_response, load_response
from repomill.agents.prices import price, upper_bound
from repomill.agents.request import AgentRequest
from repomill.agents.source import ModelSource
from repomill.agents.windows import most_input
from repomill.calls.choke_point import LedgeredCalls
from repomill.calls.heard import Hear, heard
from repomill.calls.ledger import CallKey, CallKind, CallRequest, Usage
from repomill.calls.rate_limits import rest
from repomill.calls.sending import Answered, Send
from repomill.canonical import Json, canonical_json, digest_bytes
from repomill.errors import DocumentsNotTaken, PromptTooLong, SourceMissing

if TYPE_CHECKING:
    from repomill.agents._endpoint import Endpoint

BLOCK_TYPE = "repomill-openai"

FRAME_BYTES = 500
"""More than the SDK, the library's words of feedback and the model's own format add to each message, in tokens."""

NO_WINDOW = ModelProfile(context_window=None)
"""Else each run looks its model up in a list of all there are, for a window that only the ledger's own bound needs."""


class LedgerModel(Model):
    """Numbers the requests of one agent run and hands them to the ledger.

    The endpoint's client is made when a request is really sent, so that replaying needs no key and no SDK.
    """

    def __init__(  # noqa: PLR0913  # the parts of one run, all of them needed
        self,
        asked: AgentRequest,
        schema: Json,
        candidates: Sequence[Candidate],
        *,
        calls: LedgeredCalls,
        endpoint: "Callable[[ModelSource], Endpoint]",
        hear: Hear | None = None,
    ) -> None:
        super().__init__(profile=NO_WINDOW)
        self.asked = asked
        self.requests = 0
        self.usage = Usage(cost=Decimal(0))
        self._schema = schema
        self._candidates = Candidates(candidates)
        self._calls = calls
        self.endpoint = endpoint
        self.hear = hear

    @property
    def model_name(self) -> str:
        """The name of the model that is asked first."""
        return self._candidates.all[0].model

    @property
    def system(self) -> str:
        """What Pydantic AI calls the family of providers."""
        return "openai"

    def prepare_messages(
        self, messages: list[ModelMessage], model_request_parameters: ModelRequestParameters | None = None
    ) -> list[ModelMessage]:
        """Leave the messages as they are: the canonical form needs them before the library words its feedback."""
        return messages

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Answer through the ledger; raises its errors, and `AnswerCut` for an answer that is not whole or refused."""
        self.requests += 1

        async def ask(candidate: Candidate, call: CallRequest) -> Answered:
            caller = _ModelCaller(self, candidate, call, messages, model_settings, model_request_parameters)
            return await self._calls.answer(call, caller)

        answered = await self._candidates.answered(self._calls, partial(self._call, messages), ask)
        self.usage = _sum(self.usage, answered.usage)
        response = load_response(answered.response)
        response.usage.cost = answered.usage.cost or Decimal(0)  # else Pydantic AI looks for a price of its own
        refuse_when_cut(self.asked.node_path, response, self.asked.max_tokens)
        return response

    def _call(self, messages: list[ModelMessage], candidate: Candidate) -> CallRequest:
        form = canonical_request(self.asked, candidate.model, self._schema, messages)
        content = canonical_json(form)
        key = CallKey(self.asked.node_path, self.asked.calls_before + self.requests, digest_bytes(content))
        size, cost = self._size(len(content) + left_out(messages), len(messages), candidate), None
        if candidate.source is not None:
            cost = upper_bound(candidate.source, candidate.model, size, self.asked.max_tokens)
        bound = Usage(size, self.asked.max_tokens, cost)
        return CallRequest(key, CallKind.MODEL, candidate.name, candidate.model, form, bound, made=content)

    def _size(self, content: int, messages: int, candidate: Candidate) -> int:
        """Return the most tokens of a request; where the workflow bounds them, that is looked at before it is sent."""
        shown = self.asked.attachments
        size = content + FRAME_BYTES * (1 + messages) + sum(each.most_tokens for each in shown)
        if candidate.max_input_tokens is not None:
            return size
        pictures = sum(each.pictures for each in shown)
        return min(size, most_input(candidate.source, candidate.model, None, pictures) or size)


@dataclass(frozen=True)
class _ModelCaller:
    """Sends one request of the run, or reads its recording."""

    model: LedgerModel
    candidate: Candidate
    call: CallRequest
    messages: list[ModelMessage]
    settings: ModelSettings | None
    parameters: ModelRequestParameters

    def connect(self) -> Send:
        source = self.candidate.source
        if source is None:
            raise source_missing(self.candidate.name)
        self._refuse_when_too_long()
        self._refuse_documents(source)
        endpoint, name = self.model.endpoint(source), self.candidate.model

        async def send() -> Answered:
            with heard(self.model.hear, self.call.key) as listener, answer_headers() as headers:
                response = await endpoint.request(name, self.messages, self.settings, self.parameters, listener)
            usage = self._usage(source, response)
            return Answered(dump_response(response), usage, rest(headers, usage, datetime.now(UTC)))

        return send

    def _usage(self, source: ModelSource, response: ModelResponse) -> Usage:
        """Return what the answer says it used, with its price; the call's bound where it does not say."""
        told = response.usage
        if not told.input_tokens or (response.parts and not told.output_tokens):
            return self.call.bound
        return price(source, self.candidate.model, told.input_tokens, told.output_tokens, told.cache_read_tokens)

    def _refuse_when_too_long(self) -> None:
        most, size = self.candidate.max_input_tokens, self.call.bound.input_tokens
        if most is not None and size > most:
            raise PromptTooLong(self.call.key.node_path, self.candidate.name, size, most)

    def _refuse_documents(self, source: ModelSource) -> None:
        if not source.takes_documents and any(each.pdf for each in self.model.asked.attachments):
            raise DocumentsNotTaken(self.candidate.name, 0, "Azure takes none in chat")

    def check(self, response: Json) -> None:
        load_response(response)


def source_missing(name: str) -> SourceMissing:
    """Return the error for a source nobody configured."""
    return SourceMissing(name, f"{BLOCK_TYPE}/{name}")


def _sum(one: Usage, other: Usage) -> Usage:
    known = one.cost is not None and other.cost is not None
    cost = (one.cost or Decimal(0)) + (other.cost or Decimal(0)) if known else None
    return Usage(one.input_tokens + other.input_tokens, one.output_tokens + other.output_tokens, cost)
