"""Stored responses: nothing that differs from run to run, nothing that the next step needs is lost."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from pydantic_ai.messages import ModelResponse, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.usage import RequestUsage

from repomill.agents._stored_response import dump_response, load_response

RESPONSE = ModelResponse(
    parts=[
        ThinkingPart("hm", id="reasoning", signature="s", provider_name="openai"),
        TextPart("grüße"),
        ToolCallPart("answer", '{"files": [{"path": "a.py"}]}', "call_1"),
        ToolCallPart("answer", '{"cut', "call_2"),
    ],
    usage=RequestUsage(input_tokens=3, output_tokens=4, cache_read_tokens=1, details={"reasoning_tokens": 2}),
    model_name="gpt-4o-mini-2024",
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    provider_name="openai",
    provider_url="http://127.0.0.1:1234/v1",
    provider_details={"finish_reason": "stop", "timestamp": datetime(2026, 1, 1, tzinfo=UTC)},
    provider_response_id="chatcmpl-1",
    finish_reason="stop",
    run_id="run",
    conversation_id="conversation",
)


def test_a_response_survives_storing_and_loading() -> None:
    stored = json.loads(json.dumps(dump_response(RESPONSE)))
    loaded = load_response(stored)
    assert dump_response(loaded) == stored
    assert (loaded.usage, loaded.finish_reason, loaded.model_name) == (RESPONSE.usage, "stop", "gpt-4o-mini-2024")
    assert [part.part_kind for part in loaded.parts] == ["thinking", "text", "tool-call", "tool-call"]


def test_arguments_are_stored_as_json_where_they_are_json() -> None:
    parts = dump_response(RESPONSE)["parts"]
    assert isinstance(parts, list)
    assert parts[2] == {
        "part_kind": "tool-call",
        "tool_name": "answer",
        "tool_call_id": "call_1",
        "args": {"files": [{"path": "a.py"}]},
    }
    assert isinstance(parts[3], dict)
    assert parts[3]["args"] == '{"cut'


@pytest.mark.parametrize("word", ["127.0.0.1", "2026-01-01", '"run"', '"conversation"'])
def test_addresses_times_and_run_ids_are_not_stored(word: str) -> None:
    assert word not in json.dumps(dump_response(RESPONSE))


@pytest.mark.parametrize("stored", [None, [], {}, {"parts": [{"part_kind": "unheard of"}]}, {"parts": 1}])
def test_what_is_no_response_is_refused(stored: None) -> None:
    with pytest.raises(ValidationError):
        load_response(stored)
