"""The protocols of model providers, as a fake server speaks them: where, with which answer, with which error."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OUTPUT = "answer"
"""Name of the function by whose call a structured answer comes."""

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """What a model says, whatever the protocol; `stop` is the protocol's own word, "" for the usual one."""

    text: str | None
    calls: Sequence[tuple[str, str, Any]]
    """Id, name and arguments of functions."""
    stop: str
    refusal: str | None
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Protocol:
    """One protocol; `path` is how the request's path ends."""

    name: str
    path: str
    completion: Callable[[str, str, Words], dict[str, Any]]
    """Of an id, the model's name and what is said."""
    error: Callable[[int, Any], dict[str, Any]]
    functions: Callable[[Body], dict[str, Any]]
    """Schemas of the functions in a request, by name."""


def protocol_of(path: str) -> Protocol | None:
    """Return what is spoken under a path."""
    bare = path.partition("?")[0].replace(":streamGenerate", ":generate")
    return next((each for each in PROTOCOLS if bare.endswith(each.path)), None)


def _chat(number: str, model: str, words: Words) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": words.text, "refusal": words.refusal}
    if words.calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": _json(arguments)}}
            for call_id, name, arguments in words.calls
        ]
    reason = words.stop or ("tool_calls" if words.calls else "stop")
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": words.input_tokens,
            "completion_tokens": words.output_tokens,
            "total_tokens": words.input_tokens + words.output_tokens,
        },
    }


def _responses(number: str, model: str, words: Words) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name}
        | {"arguments": _json(arguments), "status": "completed"}
        for call_id, name, arguments in words.calls
    ]
    if words.text is not None or words.refusal is not None:
        content: dict[str, Any] = {"type": "output_text", "text": words.text, "annotations": []}
        refused = {"type": "refusal", "refusal": words.refusal}
        parts = [refused if words.refusal else content]
        output.append(
            {"type": "message", "id": f"m_{number}", "role": "assistant", "status": "completed", "content": parts}
        )
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_767_225_600,
        "model": model,
        "status": "incomplete" if words.stop else "completed",
        "incomplete_details": {"reason": words.stop} if words.stop else None,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": words.input_tokens,
            "output_tokens": words.output_tokens,
            "total_tokens": words.input_tokens + words.output_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _messages(number: str, model: str, words: Words) -> dict[str, Any]:
    said = [] if words.text is None else [{"type": "text", "text": words.text}]
    called = [
        {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
        for call_id, name, arguments in words.calls
    ]
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [*said, *called],
        "stop_reason": words.stop or ("tool_use" if called else "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": words.input_tokens, "output_tokens": words.output_tokens},
    }


def _generate(number: str, model: str, words: Words) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [] if words.text is None else [{"text": words.text}]
    parts += [{"functionCall": {"name": name, "args": arguments}} for _, name, arguments in words.calls]
    return {
        "candidates": [
            {"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": words.stop or "STOP"}
        ],
        "usageMetadata": {
            "promptTokenCount": words.input_tokens,
            "candidatesTokenCount": words.output_tokens,
            "totalTokenCount": words.input_tokens + words.output_tokens,
        },
        "modelVersion": model,
        "responseId": number,
    }


_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def _text(status: int, said: Any) -> str:
    return str(said or f"status {status}")


def _openai_error(status: int, said: Any) -> dict[str, Any]:
    return {"error": said if isinstance(said, dict) else {"message": _text(status, said)}}


def _anthropic_error(status: int, said: Any) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": _text(status, said)}, "request_id": "req_1"}


def _google_error(status: int, said: Any) -> dict[str, Any]:
    word = _GOOGLE_STATUSES.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": _text(status, said), "status": word}}


def _chat_functions(body: Body) -> dict[str, Any]:
    return {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools", ())}


def _responses_functions(body: Body) -> dict[str, Any]:
    return {tool["name"]: tool["parameters"] for tool in body.get("tools", ())}


def _messages_functions(body: Body) -> dict[str, Any]:
    return {tool["name"]: tool["input_schema"] for tool in body.get("tools", ())}


def _generate_functions(body: Body) -> dict[str, Any]:
    declared = [each for tool in body.get("tools", ()) for each in tool.get("functionDeclarations", ())]
    return {each["name"]: each.get("parameters_json_schema") or each.get("parametersJsonSchema") for each in declared}


def _json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


PROTOCOLS = (
    Protocol("chat", "/chat/completions", _chat, _openai_error, _chat_functions),
    Protocol("responses", "/responses", _responses, _openai_error, _responses_functions),
    Protocol("messages", "/v1/messages", _messages, _anthropic_error, _messages_functions),
    Protocol("generate", ":generateContent", _generate, _google_error, _generate_functions),
)
