"""One request to a model, its answer heard while it comes and returned when it is whole."""

from typing import TYPE_CHECKING, Final

from pydantic_ai.exceptions import ModelHTTPError, UnexpectedModelBehavior
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
    from pydantic_ai.messages import ModelMessage, ModelResponse, ModelResponseStreamEvent
    from pydantic_ai.models import Model, ModelRequestParameters
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
            async for event in stream:
                has_begun = True
                if (chunk := _chunk(event)) is not None:
                    listener(chunk)
            response = stream.get()
    except ModelHTTPError as error:
        error.in_stream = error.in_stream and has_begun  # as the first event it says that the request was not served
        raise
    if not _is_whole(response):
        raise UnexpectedModelBehavior("the stream ended before the answer was whole")
    return response


def _is_whole(response: "ModelResponse") -> bool:
    """Tell whether the end of the stream came; Pydantic AI makes up a finish reason where the provider gave none.

    An answer that the provider paused (`suspended`) came to an end, though not by itself.
    """
    said = response.provider_details or {}
    return response.state in {"complete", "suspended"} and any(said.get(each) for each in ENDINGS)


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
