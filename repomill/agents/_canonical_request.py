"""The canonical form of a model request: what the answer depends on, and nothing else.

It is our own projection, not the SDK's: times, run ids, library wording and keys stay out, so that a recording made
with one version of Pydantic AI is found by the next. Tool call ids are numbered in the order they appear.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    ModelSettingsDeltaPart,
    RetryFeedbackPart,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_core import to_json

from repomill.agents.request import AgentRequest
from repomill.canonical import Json, canonical_json

REQUEST_FORMAT = 1


def canonical_request(
    request: AgentRequest, model: str, schema: Json, messages: Sequence[ModelMessage]
) -> dict[str, Json]:
    """Return the JSON whose digest tells this request from others; `schema` is None for text."""
    form: dict[str, Json] = {
        "format": REQUEST_FORMAT,
        "model": model,
        "max_tokens": request.max_tokens,
        "output": {"type": "text"} if schema is None else {"type": "json", "schema": schema},
        "messages": list(canonical_messages(messages)),
    }
    if request.functions:
        form["functions"] = [function.shown() for function in request.functions]
    if request.temperature is not None:
        form["temperature"] = request.temperature
    if request.thinking:
        form["thinking"] = request.thinking
    if request.options:
        form["options"] = dict(request.options)
    return form


def readable_arguments(part: ToolCallPart) -> Json:
    """Return a tool call's arguments as JSON where they are JSON, else the text as the model wrote it."""
    if not isinstance(part.args, str):
        return part.args
    try:
        parsed: Json = json.loads(part.args)
        # What JSON in Python takes but JSON elsewhere does not (NaN, huge integers, lone surrogates) stays text.
        canonical_json(parsed)
    except ValueError:
        return part.args
    return parsed if isinstance(parsed, dict) else part.args


def canonical_messages(messages: Iterable[ModelMessage]) -> Iterator[Json]:
    """Yield each message as `{"role": …, "content": …}`."""
    numbers: dict[str, str] = {}
    for message in messages:
        if isinstance(message, ModelResponse):
            yield {"role": "assistant", "content": [_answer_part(part, numbers) for part in message.parts]}
        else:
            yield from _request_parts(message, numbers)


def _request_parts(message: ModelRequest, numbers: dict[str, str]) -> Iterator[Json]:
    for part in message.parts:
        match part:
            case SystemPromptPart():
                yield {"role": "system", "content": part.content}
            case UserPromptPart(content=str(text)):
                yield {"role": "user", "content": text}
            case UserPromptPart():
                yield {"role": "user", "content": [_content(each) for each in part.content]}
            case ToolReturnPart():
                yield {"role": "tool", "name": part.tool_name, "id": _number(part.tool_call_id, numbers), **_said(part)}
            case RetryFeedbackPart():
                yield {"role": "user", **_said(part)}
            case ModelSettingsDeltaPart():
                continue  # Pydantic AI's own note of what `thinking` says already
            case _:
                raise NotImplementedError(f"no canonical form for {part.part_kind}")


def _content(part: Any) -> Json:
    """Return a text as it is, and a file by its digest: the request is kept without its bytes."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, BinaryContent):
        return {"type": part.media_type, "digest": f"sha256:{sha256(part.data).hexdigest()}", "size": len(part.data)}
    raise NotImplementedError(f"no canonical form for {part!r}")


def _said(part: ToolReturnPart | RetryFeedbackPart) -> dict[str, Json]:
    """Our own words count; where the library words the feedback, only its cause does: the rest follows from it."""
    retry = part.retry
    if retry is not None and retry.cause != "model_retry":
        return {"retry": str(retry.cause)}
    return {"content": str(part.content)}


def left_out(messages: Iterable[ModelMessage]) -> int:
    """Return how many bytes of answers go back to the provider that the canonical form has no word of: thoughts.

    Google signs them beside texts and tool calls.
    """
    answers = (message for message in messages if isinstance(message, ModelResponse))
    return sum(_unsaid(part) for answer in answers for part in answer.parts)


def _unsaid(part: ModelResponsePart) -> int:
    if not isinstance(part, TextPart | ToolCallPart):
        return len(to_json(part))
    return len(to_json(part.provider_details)) if part.provider_details else 0


def _answer_part(part: Any, numbers: dict[str, str]) -> Json:
    match part:
        case TextPart():
            return {"type": "text", "text": part.content}
        case ToolCallPart():
            number = _number(part.tool_call_id, numbers)
            return {"type": "tool_call", "name": part.tool_name, "id": number, "arguments": readable_arguments(part)}
        case _:
            return {"type": part.part_kind}


def _number(call_id: str, numbers: dict[str, str]) -> str:
    return numbers.setdefault(call_id, f"call_{len(numbers) + 1}")
