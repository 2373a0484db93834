"""Completions as server-sent events, a few characters each."""

import json
from collections.abc import Iterator
from typing import Any

PIECE = 8
"""Characters of one event."""


def events_of(completion: dict[str, Any], *, cut: bool = False) -> Iterator[bytes]:
    """Yield the events of a streamed completion; the last one tells the usage. A cut one ends in the middle."""
    frame = {name: completion[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    choice = completion["choices"][0]
    deltas = list(_deltas(choice["message"]))
    for delta in deltas[: len(deltas) // 2 + 1] if cut else deltas:
        yield _event(frame | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    if not cut:
        yield _event(frame | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
        yield _event(frame | {"choices": [], "usage": completion["usage"]})
        yield b"data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    if message.get("refusal"):
        yield {"refusal": message["refusal"]}
    for piece in _pieces(message["content"] or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        opened = {"name": call["function"]["name"], "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": opened}]}
        for piece in _pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


def _named(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def _responses(completion: dict[str, Any]) -> Iterator[bytes]:
    """OpenAI's Responses."""
    yield _named("response.created", response=completion | {"output": [], "status": "in_progress", "usage": None})
    for index, item in enumerate(completion["output"]):
        place = {"item_id": item["id"], "output_index": index}
        if item["type"] == "function_call":
            yield _named("response.output_item.added", output_index=index, item=item | {"arguments": ""})
            for piece in _pieces(item["arguments"]):
                yield _named("response.function_call_arguments.delta", **place, delta=piece)
            yield _named("response.function_call_arguments.done", **place, arguments=item["arguments"])
        else:
            yield _named("response.output_item.added", output_index=index, item=item | {"content": []})
            for piece in _pieces(item["content"][0].get("text") or ""):
                yield _named("response.output_text.delta", **place, content_index=0, delta=piece, logprobs=[])
        yield _named("response.output_item.done", output_index=index, item=item)
    end = "response.incomplete" if completion["incomplete_details"] else "response.completed"
    yield _named(end, response=completion)


def _messages(completion: dict[str, Any]) -> Iterator[bytes]:
    """Anthropic's Messages; the first event counts a token of the answer already, as the provider does."""
    begun = completion["usage"] | {"output_tokens": 1}
    yield _named("message_start", message=completion | {"content": [], "stop_reason": None, "usage": begun})
    for index, block in enumerate(completion["content"]):
        is_text = block["type"] == "text"
        empty: dict[str, Any] = {"text": ""} if is_text else {"input": {}}
        yield _named("content_block_start", index=index, content_block=block | empty)
        for piece in _pieces(block["text"] if is_text else json.dumps(block["input"])):
            said = {"type": "text_delta", "text": piece}
            filled = {"type": "input_json_delta", "partial_json": piece}
            yield _named("content_block_delta", index=index, delta=said if is_text else filled)
        yield _named("content_block_stop", index=index)
    ended = {"stop_reason": completion["stop_reason"], "stop_sequence": None}
    yield _named("message_delta", delta=ended, usage={"output_tokens": completion["usage"]["output_tokens"]})
    yield _named("message_stop")


def _generate(completion: dict[str, Any]) -> Iterator[bytes]:
    """Google's Gemini: each event is a whole answer with the next parts."""
    candidate = completion["candidates"][0]
    frame = {name: completion[name] for name in ("modelVersion", "responseId")}
    for part in candidate["content"]["parts"]:
        parts = [{"text": piece} for piece in _pieces(part["text"])] if "text" in part else [part]
        for each in parts:
            content = {"role": "model", "parts": [each]}
            yield _event(frame | {"candidates": [{"index": 0, "content": content}]})
    last = {"index": 0, "content": {"role": "model", "parts": []}, "finishReason": candidate["finishReason"]}
    yield _event(frame | {"candidates": [last], "usageMetadata": completion["usageMetadata"]})


_STREAMS = {"responses": _responses, "messages": _messages, "generate": _generate}


def stream_of(protocol: str, completion: dict[str, Any], *, cut: bool = False) -> Iterator[bytes]:
    """Yield the events of a completion in a protocol; a cut one ends in the middle."""
    if protocol not in _STREAMS:
        yield from events_of(completion, cut=cut)
        return
    events = list(_STREAMS[protocol](completion))
    yield from events[: len(events) // 2] if cut else events
