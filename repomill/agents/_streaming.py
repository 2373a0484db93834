"""One request to a model, its answer heard while it comes and returned when it is whole."""

import json
from typing import TYPE_CHECKING, Final

from httpx2 import HTTPError
from pydantic_ai.exceptions import ModelConnectionError, ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.messages import (
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)

from repomill.calls.heard import Chunk, ChunkKind, Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponsePart, ModelResponseStreamEvent
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings

ENDINGS: Final = ("finish_reason", "refusal", "block_reason")
"""Details that come with the end of a stream; Google tells the last of a prompt that it does not answer at all."""


async def ask(
    model: "Model",
    messages: "list[ModelMessage]",
    settings: "ModelSettings | None",
    parameters: "ModelRequestParameters",
    listener: Listener | None,
) -> "ModelResponse":
    """Ask once; with a listener the answer is streamed.

    Raises:
        UnexpectedModelBehavior: the stream ended before the answer was whole.
        ModelHTTPError: with `in_stream` where the error came after a part of the answer.
    """
    if listener is None:
        return await model.request(messages, settings, parameters)
    has_begun = False
    try:
        async with model.request_stream(messages, settings, parameters) as stream:
            async for event in _events(stream):
                has_begun = True
                if (chunk := _chunk(event)) is not None:
                    listener(chunk)
            is_whole, response = _has_ended(stream), stream.get()
    except ModelHTTPError as error:
        error.in_stream = error.in_stream and has_begun  # as the first event it says that the request was not served
        raise
    if not is_whole:
        raise UnexpectedModelBehavior("the stream ended before the answer was whole")
    return response


async def _events(stream: "StreamedResponse") -> "AsyncIterator[ModelResponseStreamEvent]":
    """Yield the events of a stream; where its connection breaks off after its end had come, nothing is lost.

    An end that was told with a piece of the answer proves nothing: some servers tell it with each.
    """
    is_told_too_early = False
    try:
        async for event in stream:
            is_told_too_early = _has_ended(stream)
            yield event
    except (ModelConnectionError, HTTPError):
        if is_told_too_early or not _has_ended(stream) or not all(map(_can_be_read, stream.get().parts)):
            raise


def _has_ended(stream: "StreamedResponse") -> bool:
    """Tell whether the end of the stream came; Pydantic AI makes up a finish reason where the provider gave none.

    An answer that the provider paused (`suspended`) came to an end, though not by itself.
    """
    said = stream.provider_details or {}
    return stream.state in {"complete", "suspended"} and any(said.get(each) for each in ENDINGS)


def _can_be_read(part: "ModelResponsePart") -> bool:
    """Tell whether a part is no call of a tool that was cut; one without arguments is whole."""
    if not isinstance(part, ToolCallPart) or not isinstance(part.args, str) or not part.args:
        return True
    try:
        json.loads(part.args)
    except ValueError:
        return False
    return True


def _chunk(event: "ModelResponseStreamEvent") -> Chunk | None:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return Chunk(ChunkKind.TEXT, event.index, text)
        case PartStartEvent(part=ThinkingPart(content=text)):
            return Chunk(ChunkKind.THINKING, event.index, text)
        case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=str(text))):
            return Chunk(ChunkKind.THINKING, event.index, text)
        case PartStartEvent(part=ToolCallPart() as part):
            return Chunk(ChunkKind.TOOL, event.index, part.args if isinstance(part.args, str) else "", part.tool_name)
        case PartDeltaEvent(delta=ToolCallPartDelta(args_delta=str(text))):
            return Chunk(ChunkKind.TOOL, event.index, text)
        case _:
            return None
