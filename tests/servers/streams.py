"""A chat completion as server-sent events, a few characters each."""

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
