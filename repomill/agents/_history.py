"""Turns of a conversation as Pydantic AI's messages, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from repomill.agents._canonical_request import canonical_messages
from repomill.memory.turns import Turn

Said = Mapping[str, Any]


def history(turns: Sequence[Turn], system_prompt: str, *, with_tools: bool) -> list[ModelMessage]:
    """Return what was said before, the present system prompt at its beginning; nothing where there are no turns.

    An agent without tools is shown no calls of any: providers refuse them.
    """
    messages: list[ModelMessage] = []
    for number, turn in enumerate(turns, 1):
        said = turn.messages if with_tools else tuple(_without_tools(turn))
        messages += _messages(said, f"turn_{number}_")
    if messages and system_prompt:
        messages.insert(0, ModelRequest(parts=[SystemPromptPart(system_prompt)]))
    return messages


def turn_of(messages: Sequence[ModelMessage], output_tool: str) -> Turn:
    """Return the messages of one agent run as a turn: no system prompt, no thoughts, no answers that were mended.

    A structured answer is a call of the output tool; it is kept as the text of its JSON.
    """
    said: list[Any] = list(canonical_messages(messages))
    mended = {place - 1 for place, message in enumerate(said) if _is_feedback(message)}
    last = max((place for place, message in enumerate(said) if message["role"] == "assistant"), default=0)
    kept = (
        _kept(message, output_tool, is_last=place == last) for place, message in enumerate(said) if place not in mended
    )
    return Turn(tuple(message for message in kept if message is not None))


def _kept(message: Said, output_tool: str, *, is_last: bool) -> Said | None:
    if _is_feedback(message) or message["role"] == "system" or message.get("name") == output_tool:
        return None
    if message["role"] != "assistant":
        return {**message, "content": _text(message.get("content", message.get("retry", "")))}
    parts = (_part(part, output_tool, is_last=is_last) for part in message["content"])
    content = [part for part in parts if part is not None]
    return {**message, "content": content} if content else None


def _is_feedback(message: Said) -> bool:
    """Tell the library's words about the answer before from a person's."""
    return message["role"] == "user" and "retry" in message


def _text(content: Any) -> str:
    """Return what was asked as text; of files that were shown only what they were."""
    if not isinstance(content, list):
        return str(content)
    return "\n".join(part["text"] if part["type"] == "text" else f"[a file, {part['type']}]" for part in content)


def _part(part: Said, output_tool: str, *, is_last: bool) -> Said | None:
    if part["type"] == "tool_call" and part["name"] == output_tool:
        return {"type": "text", "text": json.dumps(part["arguments"], ensure_ascii=False)} if is_last else None
    return part if part["type"] in {"text", "tool_call"} else None


def _without_tools(turn: Turn) -> Iterator[Said]:
    for message in turn.messages:
        if message["role"] == "assistant":
            text = [part for part in message["content"] if part["type"] == "text"]
            if text:
                yield {**message, "content": text}
        elif message["role"] != "tool":
            yield message


def _messages(said: Sequence[Said], prefix: str) -> Iterator[ModelMessage]:
    """Put what is said together into one message: answers of calls that were made at once stay together."""
    for is_answer, group in groupby(said, lambda message: message["role"] == "assistant"):
        if is_answer:
            yield ModelResponse(parts=[_answer(part, prefix) for message in group for part in message["content"]])
        else:
            yield ModelRequest(parts=[_request(message, prefix) for message in group])


def _request(message: Said, prefix: str) -> ModelRequestPart:
    if message["role"] == "tool":
        return ToolReturnPart(message["name"], message["content"], prefix + message["id"])
    return UserPromptPart(message["content"])


def _answer(part: Said, prefix: str) -> ModelResponsePart:
    if part["type"] == "tool_call":
        return ToolCallPart(part["name"], part["arguments"], prefix + part["id"])
    return TextPart(part["text"])
