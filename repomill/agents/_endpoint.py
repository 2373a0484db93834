"""The adapter to OpenAI-compatible endpoints: Pydantic AI's chat model over the `openai` SDK."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openai import AsyncOpenAI
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelQuotaExceededError,
    UnexpectedModelBehavior,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from repomill.calls.sending import AnswerLost, Refused, TryAgain

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

    from repomill.agents.source import ModelSource

TOO_FAST = 429
PATIENCE_STATUSES = frozenset({408, 425, TOO_FAST})
NOT_SENT_PHASES = frozenset({"pool", "connect"})
NO_KEY = "none"
"""The SDK insists on some key; local servers ignore it, OpenAI answers 401."""
REASON_LENGTH = 500


@dataclass(frozen=True)
class Endpoint:
    """One source's client, shared by all calls to it; to be closed."""

    source: "ModelSource"
    _provider: OpenAIProvider = field(init=False, repr=False)

    def __post_init__(self) -> None:
        client = AsyncOpenAI(
            base_url=self.source.url,
            api_key=self.source.api_key.get_secret_value() or NO_KEY,
            timeout=self.source.timeout,
            max_retries=0,
            default_headers=dict(self.source.headers),
        )
        object.__setattr__(self, "_provider", OpenAIProvider(openai_client=client))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._provider.client.close()

    async def request(
        self,
        model: str,
        messages: "list[ModelMessage]",
        settings: "ModelSettings | None",
        parameters: "ModelRequestParameters",
    ) -> "ModelResponse":
        """Send one request.

        Raises:
            Refused: for good, with the status.
            TryAgain: it was not served and nothing is owed.
            AnswerLost: it went out, and no usable answer came back.
        """
        chat = OpenAIChatModel(model, provider=self._provider)
        try:
            return await chat.request(chat.prepare_messages(messages, parameters), settings, parameters)
        except ModelHTTPError as error:
            raise self._status(error) from error
        except ModelConnectionError as error:
            raise self._connection(error) from error
        except (ModelAPIError, UnexpectedModelBehavior, IndexError, TypeError) as error:
            # A 200 whose body is no chat completion; without choices Pydantic AI 2.68 runs into bare Python errors.
            raise AnswerLost(self._reason(f"the answer is not a chat completion: {error}")) from error

    def _status(self, error: ModelHTTPError) -> Refused | TryAgain:
        body = error.body if isinstance(error.body, dict) else {}
        reason = self._reason(str(body.get("message") or error.body or "no reason given"))
        patient = error.status_code in PATIENCE_STATUSES or error.status_code >= 500
        if patient and not isinstance(error, ModelQuotaExceededError):
            too_fast = error.status_code == TOO_FAST
            return TryAgain(f"{error.status_code}: {reason}", error.retry_after or 0.0, too_fast)
        return Refused(error.status_code, reason)

    def _connection(self, error: ModelConnectionError) -> TryAgain | AnswerLost:
        cause = error.__cause__.__cause__ if error.__cause__ else None
        reason = self._reason(str(cause or "") or error.message)
        if error.phase in NOT_SENT_PHASES:
            return TryAgain(f"{self.source.url} cannot be reached: {reason}")
        return AnswerLost(f"the connection was lost: {reason}")

    def _reason(self, text: str) -> str:
        """Servers have been seen to quote the key they refuse."""
        key = self.source.api_key.get_secret_value()
        return (text.replace(key, "***") if key else text)[:REASON_LENGTH]
