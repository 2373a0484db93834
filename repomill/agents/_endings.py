"""Why a model stopped: only what ended by itself is an answer, since half of one looks like a short one."""

from typing import Any, Final

from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

from repomill.errors import AnswerCut, AnswerRefused

BY_ITSELF: Final = frozenset({"stop", "tool_call"})
"""Pydantic AI's words for an answer that is whole."""

IN_OWN_WORDS: Final = frozenset(
    {
        "eos",
        "eos_token",
        "stop_sequence",
        "end_turn",
        "tool_use",
        "tool_calls",
        "function_call",
        "complete",
        "completed",
    }
)
"""What servers that copy a protocol say of one, in words that Pydantic AI does not know."""

UNSAID: Final = frozenset({"", "finish_reason_unspecified"})
"""Of servers that give no reason: what they send is all there is to go by."""


def refuse_when_cut(node: str, response: ModelResponse, max_tokens: int) -> None:
    """Refuse an answer that did not end by itself.

    One that is empty besides, or nothing but thoughts, is let through where it is neither cut nor filtered: the model
    is asked to mend it.

    Raises:
        AnswerCut: it reached `max_tokens`, or stopped early for a reason of the provider's.
        AnswerRefused: a content filter stopped it.
    """
    details: dict[str, Any] = response.provider_details or {}
    if response.finish_reason == "length":
        raise AnswerCut(node, f"it reached max_tokens, {max_tokens}")
    if response.finish_reason == "content_filter":
        raise AnswerRefused(node, f"content filter: {details.get('refusal', 'no reason given')}")
    if _says_something(response) and not _ended_by_itself(
        response.finish_reason, str(details.get("finish_reason") or "")
    ):
        raise AnswerCut(node, f"it ended with {details.get('finish_reason') or response.finish_reason}")


def _says_something(response: ModelResponse) -> bool:
    return any(
        isinstance(part, ToolCallPart) or (isinstance(part, TextPart) and part.content) for part in response.parts
    )


def _ended_by_itself(reason: str | None, said: str) -> bool:
    """Tell whether an answer is whole, by Pydantic AI's word or, where it has none, by the provider's own."""
    if reason is not None:
        return reason in BY_ITSELF
    return said.casefold() in BY_ITSELF | IN_OWN_WORDS | UNSAID
