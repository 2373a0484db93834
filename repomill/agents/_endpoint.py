"""The adapter to providers: Pydantic AI's models, and what their failures mean to the choke point."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from httpx2 import HTTPError
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelQuotaExceededError,
    UnexpectedModelBehavior,
    UserError,
)

from repomill.agents._providers import ProviderClient, provider_client
from repomill.agents._streaming import ask
from repomill.calls.heard import Listener
from repomill.calls.rate_limits import wait_of_refusal
from repomill.calls.sending import AnswerLost, Refused, TryAgain
from repomill.calls.statuses import PATIENCE_STATUSES, TOO_FAST
from repomill.collector import settle_memory
from repomill.masking import masked

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model, ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    from repomill.agents.source import ModelSource

NOT_SENT_PHASES = frozenset({"pool", "connect"})
REASON_LENGTH = 500


@dataclass(frozen=True)
class Endpoint:
    """One source's client, shared by all calls to it; to be closed."""

    source: "ModelSource"
    _client: ProviderClient = field(init=False, repr=False)
    _models: "dict[str, Model]" = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_client", provider_client(self.source))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def request(
        self,
        model: str,
        messages: "list[ModelMessage]",
        settings: "ModelSettings | None",
        parameters: "ModelRequestParameters",
        listener: Listener | None = None,
    ) -> "ModelResponse":
        """Send one request; a listener hears the answer while it comes.

        No error has a cause: it would be logged in words of the vendor's, who may quote the key.

        Raises:
            Refused: for good, with the status.
            TryAgain: it was not served and nothing is owed.
            AnswerLost: it went out, and no usable answer came back.
        """
        chat = self._model(model)
        try:
            answer = await ask(chat, chat.prepare_messages(messages, parameters), settings, parameters, listener)
        except ModelHTTPError as error:
            raise self._status(error) from None
        except ModelConnectionError as error:
            raise self._connection(error) from None
        except HTTPError as error:  # of a stream that had begun; all SDKs speak through httpx2
            raise AnswerLost(self._reason(f"the connection was lost: {error}")) from None
        except ContentFilterError as error:
            raise Refused(0, self._reason(str(error))) from None
        except UserError as error:  # of what Pydantic AI knows the provider not to take, before anything is sent
            raise Refused(0, self._reason(str(error))) from None
        except (ModelAPIError, UnexpectedModelBehavior, LookupError, TypeError, ValueError, AttributeError) as error:
            # A 200 whose body is no answer of this protocol; Pydantic AI 2.68 and the SDKs run into bare Python errors.
            raise AnswerLost(self._reason(f"the answer is not a completion: {error}")) from None
        if not answer.parts and not answer.finish_reason:
            raise AnswerLost("the answer is not a completion: nothing is in it")
        return answer

    def _model(self, name: str) -> "Model":
        """Keep Pydantic AI's models: each looks itself up in a list of all there are."""
        if name not in self._models:
            self._models[name] = self._client.model(name)
            settle_memory(self.source.kind)
        return self._models[name]

    def _status(self, error: ModelHTTPError) -> Refused | TryAgain | AnswerLost:
        """Tell what a status means; where an error comes after a part of the answer (`in_stream`), tokens are owed."""
        reason = self._reason(_said(error.body) or "no reason given")
        if error.in_stream:
            return AnswerLost(f"the stream ended in an error, {error.status_code}: {reason}")
        patient = error.status_code in PATIENCE_STATUSES or error.status_code >= 500
        if patient and not isinstance(error, ModelQuotaExceededError):
            too_fast = error.status_code == TOO_FAST
            delay = error.retry_after or (_named_wait(error) if too_fast else 0.0)
            return TryAgain(f"{error.status_code}: {reason}", delay, too_fast)
        return Refused(error.status_code, reason)

    def _connection(self, error: ModelConnectionError) -> TryAgain | AnswerLost:
        cause = error.__cause__.__cause__ if error.__cause__ else None
        reason = self._reason(str(cause or "") or error.message)
        if error.phase in NOT_SENT_PHASES:
            return TryAgain(f"{self.source.url} cannot be reached: {reason}")
        return AnswerLost(f"the connection was lost: {reason}")

    def _reason(self, text: str) -> str:
        return masked(text, self.source)[:REASON_LENGTH]


def _named_wait(error: ModelHTTPError) -> float:
    """Return the seconds that the provider's limits say where it names no `Retry-After`."""
    return wait_of_refusal(error.headers or {}, datetime.now(UTC))


def _said(body: object) -> str:
    """Return the message of an error's body: Anthropic and Google put it one level deeper than OpenAI's SDK leaves."""
    if not isinstance(body, dict):
        return str(body or "")
    inner = body.get("error")
    return str(body.get("message") or (inner.get("message") if isinstance(inner, dict) else inner) or body)
